import { type ReactNode, useCallback, useEffect, useRef, useState } from "react";

const PAUSE = 600;

interface Props<Value> {
  value: Value;
  onChange: (value: Value) => void;
  children: (value: Value, change: (value: Value) => void) => ReactNode;
}

/**
 * Shows what is typed at once, and tells it when one pauses or leaves: the text isn't edited for each key, and nothing
 * typed is lost.
 */
export function Later<Value>({ value, onChange, children }: Props<Value>) {
  const [shown, setShown] = useState(value);
  const tell = useRef(onChange);
  const newest = useRef(value);
  const known = JSON.stringify(value);
  const told = useRef(known);
  const [seen, setSeen] = useState(known);
  const [pending, setPending] = useState<string[]>([]);
  if (seen !== known) {
    setSeen(known);
    // What was told comes back, and somebody may have typed on since; anything else takes the place of all that.
    const come = pending.indexOf(known);
    setPending(pending.slice(come < 0 ? pending.length : come + 1));
    if (come < 0) setShown(value);
  }
  useEffect(() => {
    tell.current = onChange;
  }, [onChange]);
  useEffect(() => {
    told.current = pending.at(-1) ?? known;
  }, [known, pending]);
  const say = useCallback(() => {
    const next = newest.current;
    const written = JSON.stringify(next);
    if (written === told.current) return;
    told.current = written;
    setPending((all) => [...all, written]);
    tell.current(next);
  }, []);
  useEffect(() => {
    newest.current = shown;
    const timer = setTimeout(say, PAUSE);
    return () => {
      clearTimeout(timer);
    };
  }, [shown, say]);
  useEffect(() => say, [say]);
  return (
    <div
      style={{ display: "contents" }}
      onBlur={() => {
        say();
      }}
    >
      {children(shown, setShown)}
    </div>
  );
}
