import { Alert, Avatar, Descriptions, Flex, theme } from "antd";
import type { Schema } from "@/api/client";
import { yuan } from "@/parts/money";
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
  const { article, arguments: filled } = preview;
  const told = [
    words.characters(preview.characters),
    preview.parts !== null && words.parts(preview.parts),
    preview.cost !== null && words.cost(yuan(preview.cost)),
  ].filter(Boolean);
  if (article)
    return (
      <Flex vertical gap={8}>
        <article
          aria-label={words.article}
          style={{ border: `1px solid ${token.colorBorder}`, borderRadius: token.borderRadius, overflow: "hidden" }}
        >
          {article.picture !== "" && (
            <div style={{ background: token.colorFillTertiary, padding: 24, overflowWrap: "anywhere" }}>
              <Quiet small>{words.pictureOf(article.picture)}</Quiet>
            </div>
          )}
          <div style={{ padding: "12px 14px" }}>
            <strong style={{ fontSize: 16 }}>
              <bdi>{article.title}</bdi>
            </strong>
            {article.description.split("\n").map((line, place) => (
              <p key={place} style={{ margin: "6px 0" }}>
                <bdi>{line}</bdi>
              </p>
            ))}
            {/^https?:\/\//i.test(article.url) ? (
              <a href={article.url} target="_blank" rel="noopener noreferrer nofollow">
                {words.readAll}
              </a>
            ) : (
              <Quiet small>{article.url}</Quiet>
            )}
          </div>
        </article>
        <Quiet small>{told.join(" · ")}</Quiet>
      </Flex>
    );
  if (filled)
    return (
      <Flex vertical gap={8}>
        <Descriptions
          bordered
          size="small"
          column={1}
          items={Object.entries(filled).map(([key, value]) => ({ key, label: key, children: <bdi>{value}</bdi> }))}
        />
        <Quiet small>{words.subscription}</Quiet>
      </Flex>
    );
  const own = channel === "wecom";
  return (
    <Flex vertical gap={8}>
      <Flex gap={8} align="start">
        {own && (
          <Avatar size={32} style={{ background: "#00824b", flex: "none" }} aria-hidden>
            {words.guide}
          </Avatar>
        )}
        <div
          style={{
            maxWidth: 360,
            padding: "10px 14px",
            borderRadius: 2 * token.borderRadius,
            background: own ? token.colorPrimaryBg : token.colorFillTertiary,
            whiteSpace: "pre-wrap",
            overflowWrap: "anywhere",
          }}
        >
          <bdi>{preview.text}</bdi>
        </div>
      </Flex>
      <Quiet small>{told.join(" · ")}</Quiet>
    </Flex>
  );
}
