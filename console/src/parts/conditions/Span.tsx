import { AutoComplete, Flex } from "antd";
import { useWords } from "./words";

const SPANS = ["10m", "1h", "4h", "1d", "2d", "3d", "7d", "14d", "30d", "90d"];

interface Props {
  label: string;
  value: unknown;
  onChange: (value: string | undefined) => void;
  /** Spans back to the beginning of a past show can be given, too. */
  shows?: boolean;
  more?: string[];
}

/** A span as people write it, `3d` or `4 hours`; the text says whether it can be read. */
export function SpanInput({ label, value, onChange, shows = false, more = [] }: Props) {
  const words = useWords();
  const options = [...SPANS, ...more, ...(shows ? ["1 show", "3 shows"] : [])];
  return (
    <Flex gap={6} align="center">
      <span style={{ flex: "0 0 auto" }}>{label}</span>
      <AutoComplete
        allowClear
        aria-label={label}
        value={typeof value === "string" ? value : ""}
        style={{ flex: 1 }}
        placeholder={words.spanHint}
        options={options.map((each) => ({ value: each, label: words.span(each) }))}
        onChange={(next: string | undefined) => {
          onChange(next === "" ? undefined : next);
        }}
      />
    </Flex>
  );
}
