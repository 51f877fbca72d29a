import { Link } from "@tanstack/react-router";
import { Button, Drawer, Flex, Select, Skeleton } from "antd";
import { useState } from "react";
import { api } from "@/api/client";
import { isStatus } from "@/api/problem";
import { Failure } from "@/parts/Failure";
import { Quiet } from "@/parts/Quiet";
import { count } from "@/parts/time";
import type { Kind } from "./RuleForm";
import { useWords } from "./words";

interface Props {
  kind: Kind;
  name: string;
  others: string[];
  onClose: () => void;
  onEdit?: () => void;
}

const heading = { fontSize: 14, fontWeight: 600, margin: "0 0 6px" };

/** A segment or a tag in words, who is in it and why, where it is used, and what a segment shares with another. */
export default function SegmentDrawer({ kind, name, others, onClose, onEdit }: Props) {
  const words = useWords();
  const [other, setOther] = useState<string>();
  const path = { name };
  const [ofSegment, ofTag] = [{ enabled: kind === "segment" }, { enabled: kind === "tag", retry: false }];
  const few = { params: { path, query: { limit: 20 } } };
  const segment = api.useQuery("get", "/v1/segments/{name}", { params: { path } }, ofSegment);
  const tag = api.useQuery("get", "/v1/tags/{name}", { params: { path } }, ofTag);
  const inSegment = api.useQuery("get", "/v1/segments/{name}/customers", few, ofSegment);
  const withTag = api.useQuery("get", "/v1/tags/{name}/customers", few, ofTag);
  const written = kind === "segment" ? segment : tag;
  const members = kind === "segment" ? inSegment : withTag;
  const unruled = isStatus(written.error, 404);
  const shared = api.useQuery(
    "get",
    "/v1/segments/overlap",
    { params: { query: { one: name, other: other ?? "" } } },
    { enabled: other !== undefined },
  );
  return (
    <Drawer
      open
      title={<bdi>{name}</bdi>}
      size={440}
      onClose={onClose}
      extra={onEdit && <Button onClick={onEdit}>{unruled ? words.giveRule : words.edit}</Button>}
    >
      <Flex vertical gap={20}>
        {unruled && <Quiet>{words.tagsAbout}</Quiet>}
        {written.error !== null && !unruled && <Failure error={written.error} retry={() => void written.refetch()} />}
        {!written.data && written.error === null && <Skeleton active title={false} />}
        {written.data && (
          <>
            <div>{written.data.words.replaceAll("`", "")}</div>
            <section>
              <h2 style={heading}>{words.usedBy}</h2>
              {written.data.used_by.length === 0 ? <Quiet>{words.unused}</Quiet> : written.data.used_by.join("、")}
            </section>
          </>
        )}
        {others.length > 0 && (
          <section>
            <h2 style={heading}>{words.overlap}</h2>
            <Select
              aria-label={words.overlap}
              placeholder={words.choose}
              style={{ width: "100%" }}
              value={other ?? null}
              options={others.map((value) => ({ value, label: value }))}
              onChange={(next: string) => {
                setOther(next);
              }}
            />
            {shared.data && (
              <div style={{ marginTop: 8 }}>
                {words.both(
                  count(shared.data.both),
                  shared.data.one > 0 ? `${Math.round((shared.data.both / shared.data.one) * 100)}%` : "0%",
                )}
              </div>
            )}
            {shared.error !== null && <Failure error={shared.error} retry={() => void shared.refetch()} />}
          </section>
        )}
        <section>
          <h2 style={heading}>{words.members}</h2>
          {members.data?.customers.length === 0 && <Quiet>{words.nobody}</Quiet>}
          {members.data?.customers.map((each) => (
            <div key={each.id} style={{ padding: "6px 0" }}>
              <Link to="/customers/$id" params={{ id: String(each.id) }}>
                <bdi>{each.name ?? `#${each.id}`}</bdi>
              </Link>
              <div>
                <Quiet small>{each.why}</Quiet>
              </div>
            </div>
          ))}
        </section>
      </Flex>
    </Drawer>
  );
}
