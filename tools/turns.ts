/** Several write at once and are read one after another: whoever's turn it is writes through, the others' words are kept. */
export interface Turn {
  write(piece: string): void;
  /** Nothing more comes of this one; the next may speak. */
  end(): void;
}

/** Turns are in the order of their making. */
export function takeTurns(write: (piece: string) => void): () => Turn {
  const turns: { kept: string[]; isEnded: boolean }[] = [];
  const speak = (): void => {
    for (let first = turns[0]; first !== undefined; first = turns[0]) {
      for (const piece of first.kept.splice(0)) write(piece);
      if (!first.isEnded) return;
      turns.shift();
    }
  };
  return () => {
    const turn = { kept: [] as string[], isEnded: false };
    turns.push(turn);
    return {
      write(piece) {
        turn.kept.push(piece);
        speak();
      },
      end() {
        turn.isEnded = true;
        speak();
      },
    };
  };
}
