import { Alert, Flex, theme } from "antd";
import type { Schema } from "@/api/client";
import { Quiet } from "@/parts/Quiet";
import { useWords } from "./words";

/** A text as it arrives on a phone: a short message, a bubble of WeCom, a card of WeChat. */
export function Bubble({ preview, channel }: { preview: Schema["TextPreview"]; channel: string }) {
  const words = useWords();
  const { token } = theme.useToken();
  if (preview.text === null)
    return (
      <Alert
        type="warning"
        showIcon
        title={words.broken}
        description={preview.problems.map((each, place) => (
          <div key={place}>
            {words.line(each.line)}：{each.detail}
          </div>
        ))}
      />
    );
  const { article } = preview;
  return (
    <Flex vertical gap={8}>
      <div
        style={{
          maxWidth: 360,
          padding: "10px 14px",
          borderRadius: 2 * token.borderRadius,
          background: channel === "wecom" ? token.colorPrimaryBg : token.colorFillTertiary,
          whiteSpace: "pre-wrap",
          overflowWrap: "anywhere",
        }}
      >
        {article ? (
          <>
            <strong>
              <bdi>{article.title}</bdi>
            </strong>
            <div>
              <bdi>{article.description}</bdi>
            </div>
            <Quiet small>{article.url}</Quiet>
          </>
        ) : (
          <bdi>{preview.text}</bdi>
        )}
      </div>
      <Quiet small>
        {[words.characters(preview.characters), preview.parts !== null && words.parts(preview.parts)]
          .filter(Boolean)
          .join(" · ")}
      </Quiet>
    </Flex>
  );
}
