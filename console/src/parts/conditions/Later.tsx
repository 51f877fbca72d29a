import { type ReactNode, useEffect, useRef, useState } from "react";

const PAUSE = 600;

interface Props<Value> {
  value: Value;
  onChange: (value: Value) => void;
  children: (value: Value, change: (value: Value) => void) => ReactNode;
}

/** Shows what is typed at once, and tells it when one pauses: the text isn't edited for each key. */
export function Later<Value>({ value, onChange, children }: Props<Value>) {
  const [shown, setShown] = useState(value);
  const told = useRef(value);
  const tell = useRef(onChange);
  const known = JSON.stringify(value);
  const [seen, setSeen] = useState(known);
  const [sent, setSent] = useState(known);
  if (seen !== known) {
    setSeen(known);
    if (known !== sent) setShown(value); // else it is what was told, and somebody may have typed on
  }
  useEffect(() => {
    tell.current = onChange;
    told.current = value;
  }, [onChange, value]);
  useEffect(() => {
    if (JSON.stringify(shown) === JSON.stringify(told.current)) return;
    const timer = setTimeout(() => {
      told.current = shown;
      setSent(JSON.stringify(shown));
      tell.current(shown);
    }, PAUSE);
    return () => {
      clearTimeout(timer);
    };
  }, [shown]);
  return <>{children(shown, setShown)}</>;
}
