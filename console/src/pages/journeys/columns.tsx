import { Link } from "@tanstack/react-router";
import { type TableColumnsType, Tooltip } from "antd";
import type { Language } from "@/parts/preferences";
import { By } from "@/parts/By";
import { Spark } from "@/parts/Spark";
import { StateTag } from "@/parts/StateTag";
import { ago, count, instant } from "@/parts/time";
import { percent, type Row } from "./rows";
import type { useWords } from "./words";
import { Quiet } from "@/parts/Quiet";

export function columnsOf(
  words: ReturnType<typeof useWords>,
  language: Language,
  now: number | null,
): TableColumnsType<Row> {
  return [
    {
      title: words.name,
      key: "name",
      sorter: (a, b) => a.title.localeCompare(b.title, "zh"),
      render: (_, row) => (
        <>
          <Link
            to="/journeys/$name"
            params={{ name: row.journey }}
            style={{ display: "inline-block", fontWeight: 500, marginInlineEnd: 8 }}
          >
            <bdi>{row.title}</bdi>
          </Link>
          <Quiet small style={{ display: "inline-block" }}>
            {row.journey}
          </Quiet>
        </>
      ),
    },
    { title: words.state, key: "state", width: 104, render: (_, row) => <StateTag state={row.state} /> },
    {
      title: words.inside,
      key: "inside",
      width: 104,
      align: "right",
      sorter: (a, b) => a.inside - b.inside,
      render: (_, row) =>
        row.older > 0 ? (
          <Tooltip title={words.older(row.older, row.olderVersions)}>
            <span tabIndex={0}>{count(row.inside)}</span>
          </Tooltip>
        ) : (
          count(row.inside)
        ),
    },
    {
      title: words.entered,
      key: "entered",
      width: 150,
      align: "right",
      responsive: ["md"],
      sorter: (a, b) => a.entered - b.entered,
      render: (_, row) => (
        <>
          <Spark values={row.days.map((each) => each.entered)} label={words.byDay} /> {count(row.entered)}
        </>
      ),
    },
    {
      title: words.sent,
      key: "sent",
      width: 90,
      align: "right",
      responsive: ["lg"],
      sorter: (a, b) => a.sent - b.sent,
      render: (_, row) => count(row.sent),
    },
    {
      title: words.goals,
      key: "goals",
      width: 90,
      align: "right",
      responsive: ["lg"],
      sorter: (a, b) => a.goals - b.goals,
      render: (_, row) => count(row.goals),
    },
    {
      title: words.lift,
      key: "lift",
      width: 96,
      align: "right",
      responsive: ["lg"],
      sorter: (a, b) => (a.lift?.estimate ?? -Infinity) - (b.lift?.estimate ?? -Infinity),
      render: (_, { lift, holdout }) => (
        <Tooltip
          title={
            lift
              ? words.liftAbout(percent(lift.low), percent(lift.high))
              : holdout > 0
                ? words.noLift
                : words.nobodyHeldOut
          }
        >
          <span tabIndex={0}>
            {lift ? percent(lift.estimate) : <Quiet small>{holdout > 0 ? words.tooFew : words.noHoldout}</Quiet>}
          </span>
        </Tooltip>
      ),
    },
    {
      title: words.version,
      key: "version",
      width: 70,
      align: "right",
      responsive: ["md"],
      render: (_, row) => `v${row.version}`,
    },
    {
      title: words.last,
      key: "last",
      width: 165,
      responsive: ["xl"],
      sorter: (a, b) => (a.last?.at ?? "").localeCompare(b.last?.at ?? ""),
      render: (_, { last }) =>
        last && (
          <Tooltip title={instant(last.at)}>
            <span>
              {words.actions[last.action] ?? last.action}
              {last.action === "published" && ` v${last.version}`}
              {now !== null && <Quiet> · {ago(last.at, now, language)}</Quiet>}
            </span>
          </Tooltip>
        ),
    },
    {
      title: words.by,
      key: "by",
      width: 110,
      responsive: ["xl"],
      ellipsis: true,
      render: (_, { last }) => last && <By by={last.by} />,
    },
  ];
}
