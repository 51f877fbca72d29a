import { Alert, Button, Flex } from "antd";
import { START } from "./canvas/layout";
import type { Outline } from "./useEditing";
import { useWords } from "./words";

interface Props {
  outline: Outline;
  chosen: string | undefined;
  onChoose: (at: string | undefined) => void;
}

/** What is wrong in the step that is chosen, else in all of the text, each with the way to it. */
export function Mistakes({ outline, chosen, onChoose }: Props) {
  const words = useWords();
  const here = outline.diagnostics
    .filter((each) => (chosen && chosen !== START ? each.at === chosen : true))
    .slice(0, 6);
  if (here.length === 0) return null;
  return (
    <Flex vertical gap={6} style={{ marginBottom: 14 }}>
      {here.map((each, place) => (
        <Alert
          key={place}
          type={each.severity}
          showIcon
          title={`${words.line(each.line)} ${each.detail}`}
          action={
            each.at !== null &&
            each.at !== chosen && (
              <Button size="small" onClick={() => { onChoose(each.at ?? undefined); }}>
                {words.show}
              </Button>
            )
          }
        />
      ))}
    </Flex>
  ); // prettier-ignore
}
