import { Flex, Input, InputNumber } from "antd";
import { Quiet } from "@/parts/Quiet";
import { useWords } from "./words";
import { capOf, capText } from "./written";

interface Props {
  label: string;
  value: unknown;
  onChange: (value: string | undefined) => void;
  /** Without any days it holds for ever. */
  ever?: boolean;
  disabled?: boolean;
}

/** So many in so many days; what is written in another way stands as it is. */
export function CapInput({ label, value, onChange, ever = false, disabled = false }: Props) {
  const words = useWords();
  const text = typeof value === "string" || typeof value === "number" ? String(value) : "";
  const cap = capOf(text, ever);
  if (text !== "" && !cap)
    return (
      <Input
        allowClear
        status="error"
        disabled={disabled}
        aria-label={label}
        value={text}
        onChange={({ target }) => {
          onChange(target.value === "" ? undefined : target.value);
        }}
      />
    );
  return (
    <Flex gap={6} align="center">
      <InputNumber
        aria-label={label}
        disabled={disabled}
        value={cap?.most ?? null}
        min={ever ? 1 : 0}
        max={999_999}
        precision={0}
        suffix={ever ? words.times : words.most}
        style={{ flex: 1, minWidth: 60 }}
        onChange={(most) => {
          onChange(most === null ? undefined : capText(most, cap ? cap.days : ever ? null : 7));
        }}
      />
      <Quiet>{words.in}</Quiet>
      <InputNumber
        aria-label={words.daysOf(label)}
        disabled={disabled || !cap}
        value={cap?.days ?? null}
        min={1}
        max={ever ? 9999 : 999}
        precision={0}
        suffix={words.days}
        placeholder={ever ? words.ever : ""}
        style={{ flex: 1, minWidth: 60 }}
        onChange={(days) => {
          if (cap && (days !== null || ever)) onChange(capText(cap.most, days));
        }}
      />
    </Flex>
  );
}
