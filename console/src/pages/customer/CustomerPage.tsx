import { getRouteApi } from "@tanstack/react-router";
import { Flex, Grid, Skeleton, Tabs, theme } from "antd";
import { lazy, Suspense } from "react";
import { api } from "@/api/client";
import { Failure } from "@/parts/Failure";
import { useMay } from "@/parts/me";
import { Page } from "@/parts/Page";
import { Acts } from "./Acts";
import { Happened } from "./Happened";
import { Profile } from "./Profile";
import { type Tab, TABS } from "./tabs";
import { useWords } from "./words";

const route = getRouteApi("/inside/customers/$id");
const Journeys = lazy(() => import("./Journeys"));
const Messages = lazy(() => import("./Messages"));
const Orders = lazy(() => import("./Orders"));
const Coupons = lazy(() => import("./Coupons"));
const Todos = lazy(() => import("./Todos"));

/** A customer: who they are, and all that there is about them. */
export function CustomerPage() {
  const words = useWords();
  const may = useMay();
  const { token } = theme.useToken();
  const wide = Grid.useBreakpoint().lg ?? true;
  const { id } = route.useParams();
  const tab: Tab = route.useSearch().tab ?? "timeline";
  const navigate = route.useNavigate();
  const { data, error, refetch } = api.useQuery("get", "/v1/customers/{id}", { params: { path: { id } } });
  const lists: Record<Tab, React.ReactNode> = {
    timeline: <Happened id={id} />,
    journeys: <Journeys id={id} />,
    messages: <Messages id={id} />,
    orders: <Orders id={id} />,
    coupons: <Coupons id={id} />,
    todos: data && <Todos id={data.id} />,
  };
  const tabs = TABS.filter((each) => may(each === "messages" ? "messages.read" : each === "coupons" ? "coupons.read" : "customers.read")); // prettier-ignore
  return (
    <Page
      title={data?.name ?? words.title(data ? String(data.id) : id)}
      {...(data && { about: words.about(data.id, typeof data.fields.city === "string" ? data.fields.city : "") })}
      actions={data && <Acts customer={data} />}
    >
      {error !== null && !data && <Failure error={error} retry={() => void refetch()} />}
      {error === null && !data && <Skeleton active paragraph={{ rows: 8 }} title={false} />}
      {data && (
        <Flex gap={wide ? 32 : 24} vertical={!wide} align={wide ? "start" : "stretch"}>
          <div style={{ flex: 1, minWidth: 0 }}>
            <Tabs
              activeKey={tab}
              items={tabs.map((each) => ({
                key: each,
                label: words.tabs[each],
                children: <Suspense fallback={<Skeleton active />}>{each === tab && lists[each]}</Suspense>,
              }))}
              onChange={(next) => {
                void navigate({ search: next === "timeline" ? {} : { tab: next as Tab }, replace: true });
              }}
            />
          </div>
          <aside
            aria-label={words.profile}
            style={{
              width: wide ? 340 : "auto",
              flex: "none",
              paddingInlineStart: wide ? 24 : 0,
              borderInlineStart: wide ? `1px solid ${token.colorBorderSecondary}` : 0,
            }}
          >
            <Profile customer={data} />
          </aside>
        </Flex>
      )}
    </Page>
  );
}
