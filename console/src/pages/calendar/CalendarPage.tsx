import { LeftOutlined, RightOutlined } from "@ant-design/icons";
import { getRouteApi, Link } from "@tanstack/react-router";
import { Button, Empty, Flex, Grid, Skeleton, Space, Tag, theme } from "antd";
import { useMemo } from "react";
import { api, type Schema } from "@/api/client";
import { Failure } from "@/parts/Failure";
import { useMay } from "@/parts/me";
import { Page } from "@/parts/Page";
import { Quiet } from "@/parts/Quiet";
import { count, instant } from "@/parts/time";
import { useLanguage } from "@/parts/words";
import { daily, type Day, type Firing, type Month, months, weekday } from "./months";
import { useWords } from "./words";

const route = getRouteApi("/inside/calendar");

/** A year of what will be sent when, by months. */
export function CalendarPage() {
  const words = useWords();
  const lang = useLanguage();
  const may = useMay();
  const wide = Grid.useBreakpoint().md ?? true;
  const { from } = route.useSearch();
  const navigate = route.useNavigate();
  const query = { lang, ...(from !== undefined && { from }) };
  const { data, error, refetch } = api.useQuery("get", "/v1/calendar", { params: { query } });
  const always = useMemo(() => daily(data ?? []), [data]);
  const shown = useMemo(() => months(data ?? []), [data]);
  const first = data?.[0]?.day;
  const go = (by: number) => {
    if (first === undefined) return;
    const day = new Date(`${first.slice(0, 7)}-01T00:00:00Z`);
    day.setUTCMonth(day.getUTCMonth() + by);
    void navigate({ search: { from: day.toISOString().slice(0, 10) } });
  };
  const isEmpty = data?.every((each) => each.firings.length + each.shows.length === 0) ?? false;
  return (
    <Page
      title={words.title}
      about={words.about}
      actions={
        <>
          <Space.Compact>
            <Button icon={<LeftOutlined />} aria-label={words.earlier} title={words.earlier} onClick={() => { go(-3); }} />
            <Button onClick={() => { void navigate({ search: {} }); }}>{words.today}</Button>
            <Button icon={<RightOutlined />} aria-label={words.later} title={words.later} onClick={() => { go(3); }} />
          </Space.Compact>
          {may("journeys.publish") && (
            <Link to="/documents/$name" params={{ name: "_calendar" }}>
              <Button>{words.edit}</Button>
            </Link>
          )}
        </>
      }
    >
      {error !== null && !data && <Failure error={error} retry={() => void refetch()} />}
      {error === null && !data && <Skeleton active paragraph={{ rows: 10 }} />}
      {isEmpty && <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={words.nothing} />}
      {always.length > 0 && (
        <Flex gap={16} wrap role="group" aria-label={words.daily}>
          <Quiet>{words.daily}</Quiet>
          {always.map((each) => (
            <Fires key={each.journey} firing={each} />
          ))}
        </Flex>
      )}
      {data && (
        <div style={{ display: "grid", gridTemplateColumns: wide ? "repeat(auto-fill, minmax(520px, 1fr))" : "1fr", gap: 32 }}>
          {shown.map((each) =>
            wide ? (
              <Weeks key={`${each.year}-${each.month}`} month={each} always={always} />
            ) : (
              <List key={`${each.year}-${each.month}`} month={each} always={always} />
            ),
          )}
        </div>
      )}
    </Page>
  ); // prettier-ignore
}

interface Props {
  month: Month;
  always: Firing[];
}

const others = (day: Day, always: Firing[]): Firing[] =>
  day.firings.filter((each) => each.stream_id !== null || !always.some((one) => one.journey === each.journey));
const names = (day: Day): string[] => [...day.festivals, ...day.own];

const heading = { fontSize: 15, fontWeight: 600, margin: "0 0 8px" };

/** A month as one knows it from the wall. */
function Weeks({ month, always }: Props) {
  const words = useWords();
  const { token } = theme.useToken();
  const title = words.month(month.year, month.month);
  const cell = {
    border: `1px solid ${token.colorBorderSecondary}`,
    verticalAlign: "top",
    padding: "4px 6px",
    height: 58,
  };
  return (
    <section aria-label={title}>
      <h2 style={heading}>{title}</h2>
      <table style={{ width: "100%", borderCollapse: "collapse", tableLayout: "fixed", fontSize: token.fontSizeSM }}>
        <thead>
          <tr>
            {words.weekdays.map((each) => (
              <th key={each} scope="col" style={{ fontWeight: 400, color: token.colorTextSecondary, padding: 4 }}>
                {each}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {month.weeks.map((week, place) => (
            <tr key={place}>
              {week.map((day, at) => (
                <td key={at} style={{ ...cell, ...(day?.rest && { background: token.colorFillQuaternary }) }}>
                  {day && (
                    <>
                      <DayHead day={day} />
                      <What day={day} always={always} />
                    </>
                  )}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

/** A month on a phone: only the days on which something happens. */
function List({ month, always }: Props) {
  const words = useWords();
  const title = words.month(month.year, month.month);
  const days = month.weeks.flat().filter((each) => each !== undefined);
  const busy = days.filter((each) => others(each, always).length + each.shows.length + names(each).length > 0);
  return (
    <section aria-label={title}>
      <h2 style={heading}>{title}</h2>
      {busy.length === 0 && <Quiet>{words.quiet}</Quiet>}
      <Flex vertical gap={12}>
        {busy.map((each) => (
          <div key={each.day}>
            <Quiet small>{words.day(month.month, Number(each.day.slice(8)), words.weekdays[weekday(each.day)] ?? "")}</Quiet>{" "}
            {names(each).map((name) => (
              <Tag key={name}>{name}</Tag>
            ))}
            <What day={each} always={always} />
          </div>
        ))}
      </Flex>
    </section>
  ); // prettier-ignore
}

/** The number of a day, what it is called, and whether people work against the week. */
function DayHead({ day }: { day: Day }) {
  const words = useWords();
  const { token } = theme.useToken();
  const against = day.rest !== weekday(day.day) > 4;
  return (
    <Flex gap={4} wrap>
      <span>{Number(day.day.slice(8))}</span>
      {against && <span style={{ color: token.colorTextSecondary }}>{day.rest ? words.rest : words.work}</span>}
      {names(day).map((each) => (
        <strong key={each} style={{ color: token.colorPrimaryText, fontWeight: 600 }}>
          {each}
        </strong>
      ))}
    </Flex>
  );
}

function What({ day, always }: { day: Day; always: Firing[] }) {
  return (
    <Flex vertical gap={2}>
      {others(day, always).map((each) => (
        <Fires key={`${each.journey}${each.stream_id ?? ""}`} firing={each} />
      ))}
      {day.shows.map((each) => (
        <Show key={each.stream_id} show={each} />
      ))}
    </Flex>
  );
}

/** A journey that begins, when, and for how many. */
function Fires({ firing }: { firing: Firing }) {
  const words = useWords();
  return (
    <div style={{ overflowWrap: "anywhere" }}>
      <Link to="/journeys/$name" params={{ name: firing.journey }} title={firing.words}>
        <Quiet small>{instant(firing.at).slice(11)}</Quiet> <bdi>{firing.title}</bdi>
      </Link>
      {firing.paused && <Quiet small> {words.paused}</Quiet>}
      {firing.customers !== null && <Quiet small> {words.customers(count(firing.customers))}</Quiet>}
    </div>
  );
}

function Show({ show }: { show: Schema["PlannedShow"] }) {
  const words = useWords();
  return (
    <div style={{ overflowWrap: "anywhere" }}>
      <Link to="/shows/$id" params={{ id: show.stream_id }}>
        <Quiet small>{instant(show.starts_at).slice(11)}</Quiet> {words.show} <bdi>{show.title ?? show.stream_id}</bdi>
      </Link>
    </div>
  );
}
