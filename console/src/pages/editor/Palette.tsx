import { theme } from "antd";
import { Quiet } from "@/parts/Quiet";
import { VERB_ICONS } from "@/parts/verbs";
import { STEP_TYPE } from "./canvas/InsertEdge";
import type { Vocabulary } from "./steps";
import { useWords } from "./words";

interface Props {
  verbs: Vocabulary["verbs"];
  wide: boolean;
  onPick: (verb: string) => void;
}

/** The kinds of steps, to be dragged onto a way, or put in by a click. */
export function Palette({ verbs, wide, onPick }: Props) {
  const words = useWords();
  const { token } = theme.useToken();
  return (
    <nav aria-label={words.palette} style={{ width: wide ? 132 : "auto", flex: "none" }}>
      <Quiet small>{words.palette}</Quiet>
      <div className="palette" style={{ marginTop: 8, ...(!wide && { flexDirection: "row", flexWrap: "wrap" }) }}>
        {verbs.map(({ verb, noun }) => (
          <button
            key={verb}
            type="button"
            draggable
            style={{ borderColor: token.colorBorder, borderRadius: token.borderRadius }}
            title={words.paletteHint}
            onDragStart={(drag) => {
              drag.dataTransfer.setData(STEP_TYPE, verb);
              drag.dataTransfer.effectAllowed = "copy";
            }}
            onClick={() => {
              onPick(verb);
            }}
          >
            <span style={{ color: token.colorPrimary }}>{VERB_ICONS[verb]}</span>
            {noun}
          </button>
        ))}
      </div>
    </nav>
  );
}
