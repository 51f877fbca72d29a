import { Flex, Input } from "antd";
import { useWords } from "./words";

/** A time of day. */
export function Clock({ label, value, onChange }: { label: string; value: string; onChange: (value: string) => void }) {
  return (
    <Input
      type="time"
      aria-label={label}
      value={value.padStart(5, "0")}
      onChange={({ target }) => {
        if (target.value) onChange(target.value);
      }}
    />
  );
}

interface Props {
  label: string;
  value: [string, string];
  onChange: (value: [string, string]) => void;
}

/** From a time of day until another. */
export function Hours({ label, value: [from, until], onChange }: Props) {
  const words = useWords();
  return (
    <Flex gap={6} align="center" style={{ flex: 1 }}>
      <Clock
        label={words.from(label)}
        value={from}
        onChange={(next) => {
          onChange([next, until]);
        }}
      />
      –
      <Clock
        label={words.until(label)}
        value={until}
        onChange={(next) => {
          onChange([from, next]);
        }}
      />
    </Flex>
  );
}
