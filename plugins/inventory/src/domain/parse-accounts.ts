import type { Account, AccountsBody } from '../contract.ts';
import { sortedBy, sortedUnique } from './canonical-order.ts';
import { clipLine, clipWord, integerOf, linesOf, type Parsed } from './parsed.ts';

type Password = Account['password'];

/** passwd(5) with what shadow(5) says of each password; null when shadow cannot be read. */
export function parsePasswd(
  text: string,
  passwords: ReadonlyMap<string, Password> | null,
): Parsed<Account[]> {
  const accounts: Account[] = [];
  let unknownLines = 0;
  for (const line of linesOf(text)) {
    if (isSkipped(line)) continue;
    const fields = line.split(':');
    const [name, field, uidText, gidText, , home, shell] = fields;
    const [uid, gid] = [integerOf(uidText), integerOf(gidText)];
    if (fields.length !== 7 || !name || uid === null || gid === null) unknownLines += 1;
    else {
      accounts.push({
        name: clipWord(name),
        uid,
        gid,
        home: clipLine(home ?? ''),
        shell: clipLine(shell ?? ''),
        password: field === 'x' ? (passwords?.get(name) ?? 'unknown') : passwordState(field ?? ''),
      });
    }
  }
  return {
    value: sortedBy(
      accounts,
      (a) => a.name,
      (a) => String(a.uid),
    ),
    unknownLines,
  };
}

/** Of shadow(5) only whether there is a password; hashes never leave this function. */
export function parseShadow(text: string): ReadonlyMap<string, Password> {
  const passwords = new Map<string, Password>();
  for (const line of linesOf(text)) {
    const [name, field] = line.split(':');
    if (name && field !== undefined) passwords.set(name, passwordState(field));
  }
  return passwords;
}

function passwordState(field: string): Password {
  if (field === '') return 'empty';
  return /^[!*]/.test(field) ? 'locked' : 'set';
}

export function parseGroup(text: string): Parsed<AccountsBody['groups']> {
  const groups: AccountsBody['groups'] = [];
  let unknownLines = 0;
  for (const line of linesOf(text)) {
    if (isSkipped(line)) continue;
    const [name, , gidText, members] = line.split(':');
    const gid = integerOf(gidText);
    if (!name || gid === null || members === undefined) unknownLines += 1;
    else {
      const names = members.split(',').map((member) => member.trim());
      groups.push({ name: clipWord(name), gid, members: sortedUnique(names.filter(Boolean).map(clipWord)) });
    }
  }
  return {
    value: sortedBy(
      groups,
      (g) => g.name,
      (g) => String(g.gid),
    ),
    unknownLines,
  };
}

/** Users and %groups that sudoers(5) gives anything to; aliases and defaults are left out. */
export function sudoGrantees(text: string): string[] {
  const grantees: string[] = [];
  for (const line of linesOf(text.replace(/\\\n/g, ' '))) {
    const match = /^\s*([^\s#@=]+)\s+[^=\s]+\s*=/.exec(line);
    const name = match?.[1];
    if (name !== undefined && !/^(?:Defaults|\w+_Alias)/.test(name)) grantees.push(clipWord(name));
  }
  return sortedUnique(grantees);
}

/** Comments, empty lines and the `+` lines of NIS. */
const isSkipped = (line: string): boolean => line.trim() === '' || /^[#+-]/.test(line);
