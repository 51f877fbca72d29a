import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { Tabs } from "antd";
import { Notices } from "@/parts/Notices";
import { Page } from "@/parts/Page";
import { Comments } from "./Comments";
import { Reports } from "./Reports";
import { Requirements } from "./Requirements";
import { TABS, type Tab } from "./tabs";
import { Tasks } from "./Tasks";
import { Topics } from "./Topics";
import { useWords } from "./words";

const route = getRouteApi("/inside/voice");
const PARTS = { topics: Topics, comments: Comments, reports: Reports, requirements: Requirements, tasks: Tasks };

/** What customers say: gathered into topics, as it was read, and what is to be done about it. */
export function VoicePage() {
  const words = useWords();
  const { tab = "topics" } = route.useSearch();
  const navigate = useNavigate();
  const Part = PARTS[tab];
  return (
    <Page title={words.title} about={words.about}>
      <Tabs
        activeKey={tab}
        items={TABS.map((key) => ({ key, label: words[key] }))}
        onChange={(key) => void navigate({ to: "/voice", search: { tab: key as Tab } })}
      />
      <Notices>
        <Part />
      </Notices>
    </Page>
  );
}
