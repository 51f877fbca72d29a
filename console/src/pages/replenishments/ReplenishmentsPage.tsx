import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { Tabs } from "antd";
import { Page } from "@/parts/Page";
import { Alarms } from "./Alarms";
import { Plans } from "./Plans";
import { useSupplyWords } from "./supplyWords";
import { Suppliers } from "./Suppliers";
import { TABS, type Tab } from "./tabs";
import { useWords } from "./words";

const route = getRouteApi("/inside/replenishments");
const PARTS = { alarms: Alarms, plans: Plans, suppliers: Suppliers };

/** What is to be ordered: because of an alarm, or by plan with the suppliers. */
export function ReplenishmentsPage() {
  const { title } = useWords();
  const words = useSupplyWords();
  const { tab = "alarms" } = route.useSearch();
  const navigate = useNavigate();
  const Part = PARTS[tab];
  return (
    <Page title={title}>
      <Tabs
        activeKey={tab}
        items={TABS.map((key) => ({ key, label: words.tabs[key] }))}
        onChange={(key) => void navigate({ to: "/replenishments", search: { tab: key as Tab } })}
      />
      <Part />
    </Page>
  );
}
