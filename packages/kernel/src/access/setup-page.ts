import { defineMessages, type Language } from '@pilothouse/contract';
import { escapeHtml, type HtmlPage } from '../http/index.ts';

const texts = defineMessages({
  title: { en: 'Set up Pilothouse', zh: '初始化 Pilothouse' },
  intro: {
    en: 'Make the first administrator. The code is in the link that the server printed at its start.',
    zh: '创建首位管理员。代码包含在服务器启动时打印的链接中。',
  },
  code: { en: 'Set-up code', zh: '初始化代码' },
  name: { en: 'Name', zh: '用户名' },
  password: { en: 'Password, at least 12 characters', zh: '密码（至少 12 个字符）' },
  repeat: { en: 'Password again', zh: '再次输入密码' },
  submit: { en: 'Make administrator', zh: '创建管理员' },
  different: { en: 'The two passwords differ.', zh: '两次输入的密码不一致。' },
  unreachable: { en: 'The server does not answer. Try again.', zh: '服务器无响应，请重试。' },
  done: { en: 'Done. You are signed in as', zh: '完成。您已登录为' },
  next: { en: 'Sign the command line in with:', zh: '使用以下命令登录命令行：' },
  other: { en: '中文', zh: 'English' },
});

/** The set-up form. The code rides behind the `#` of the link, which browsers keep to themselves. */
export function setupPage(language: Language): HtmlPage {
  const text = (key: keyof typeof texts): string => escapeHtml(texts[key][language]);
  return {
    language,
    title: texts.title[language],
    style: STYLE,
    script: SCRIPT,
    body: `<main><a id="other" href="?lang=${language === 'en' ? 'zh' : 'en'}">${text('other')}</a>
<h1>${text('title')}</h1><p>${text('intro')}</p>
<form data-different="${text('different')}" data-unreachable="${text('unreachable')}">
<label>${text('code')}<input name="code" required autocomplete="off" spellcheck="false"></label>
<label>${text('name')}<input name="name" required maxlength="128" autocomplete="username" spellcheck="false"></label>
<label>${text('password')}<input name="password" type="password" required minlength="12" maxlength="256" autocomplete="new-password"></label>
<label>${text('repeat')}<input name="repeat" type="password" required autocomplete="new-password"></label>
<button>${text('submit')}</button><p id="problem" role="alert"></p></form>
<section hidden><p>${text('done')} <b id="who"></b>.</p><p>${text('next')}</p><pre id="login"></pre></section></main>`,
  };
}

const STYLE = `
:root{color-scheme:light dark}
body{font:16px/1.5 system-ui,sans-serif;margin:0;display:grid;place-items:center;min-height:100vh}
main{width:min(26rem,90vw);position:relative}
#other{position:absolute;right:0;top:.4rem}
label{display:block;margin:.8rem 0}
input{font:inherit;display:block;width:100%;box-sizing:border-box;padding:.5rem;margin-top:.2rem}
button{font:inherit;padding:.6rem 1.2rem;margin-top:.6rem}
#problem{color:#cf222e;min-height:1.5em}
pre{overflow:auto;background:#8882;padding:.75rem}
`;

const SCRIPT = `
const form=document.querySelector('form'),problem=document.getElementById('problem'),other=document.getElementById('other');
const code=decodeURIComponent(location.hash.slice(1));
if(code){form.code.value=code;other.hash=location.hash;form.elements.name.focus();}
form.addEventListener('submit',async(event)=>{event.preventDefault();problem.textContent='';
if(form.password.value!==form.repeat.value){problem.textContent=form.dataset.different;return;}
let answer;
try{answer=await fetch('/api/v1/setup',{method:'POST',headers:{'content-type':'application/json','accept-language':document.documentElement.lang},
body:JSON.stringify({code:form.code.value.trim(),name:form.elements.name.value.trim(),password:form.password.value})});}
catch{problem.textContent=form.dataset.unreachable;return;}
const body=await answer.json();
if(!answer.ok){problem.textContent=body.title+'. '+body.hint;return;}
form.hidden=true;document.querySelector('section').hidden=false;
document.getElementById('who').textContent=body.user.name;
document.getElementById('login').textContent='npx --no pilothouse login '+location.origin+' --name '+body.user.name;
history.replaceState(null,'','/setup');
});
`;
