import { Avatar, Flex, Tooltip } from "antd";
import { Quiet } from "@/parts/Quiet";
import type { useDraft } from "./useDraft";
import { useWords } from "./words";

/** Whether what is written is kept, and who else is at it. */
export function Saved({ keeping }: { keeping: ReturnType<typeof useDraft> }) {
  const words = useWords();
  return (
    <Flex align="center" gap={10}>
      {keeping.others.map((each) => (
        <Tooltip key={each.name} title={words.alsoHere(each.name)}>
          <Avatar size="small" style={{ background: "#00824b" }} aria-label={words.alsoHere(each.name)}>
            {each.name.slice(0, 1)}
          </Avatar>
        </Tooltip>
      ))}
      <span aria-live="polite">
        <Quiet small>
          {keeping.draft.revision === 0 && keeping.state === "saved" ? "" : words.states[keeping.state]}
        </Quiet>
      </span>
    </Flex>
  );
}
