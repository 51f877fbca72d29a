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
  useEffect(() => {
    tell.current = onChange;
  }, [onChange]);
  useEffect(() => {
    told.current = value;
    setShown(value);
    // Values are made anew with each look at the text; what counts is what they say.
  }, [known]); // eslint-disable-line react-hooks/exhaustive-deps
  useEffect(() => {
    if (JSON.stringify(shown) === JSON.stringify(told.current)) return;
    const timer = setTimeout(() => {
      told.current = shown;
      tell.current(shown);
    }, PAUSE);
    return () => {
      clearTimeout(timer);
    };
  }, [shown]);
  return <>{children(shown, setShown)}</>;
}
