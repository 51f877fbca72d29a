import {
  BarChartOutlined,
  CalendarOutlined,
  ContactsOutlined,
  DatabaseOutlined,
  ExperimentOutlined,
  FileTextOutlined,
  IdcardOutlined,
  InboxOutlined,
  MailOutlined,
  PartitionOutlined,
  SettingOutlined,
  SoundOutlined,
  SunOutlined,
  TagsOutlined,
  TeamOutlined,
  TrophyOutlined,
  VideoCameraOutlined,
} from "@ant-design/icons";
import type { ReactNode } from "react";
import { type Permission, useMay } from "@/parts/me";
import { useWords } from "./words";

interface Place {
  path: `/${Name}`;
  word: Name;
  icon: ReactNode;
  /** Of which one is enough. */
  permissions: Permission[];
}

type Name =
  | "today"
  | "journeys"
  | "calendar"
  | "customers"
  | "segments"
  | "texts"
  | "board"
  | "experiments"
  | "messages"
  | "coupons"
  | "shows"
  | "plays"
  | "voice"
  | "stock"
  | "replenishments"
  | "desk"
  | "settings";

const place = (word: Name, icon: ReactNode, ...permissions: Permission[]): Place => ({
  path: `/${word}`,
  word,
  icon,
  permissions,
});

const PLACES: Place[] = [
  place("today", <SunOutlined />, "journeys.read", "streams.read"),
  place("journeys", <PartitionOutlined />, "journeys.read"),
  place("calendar", <CalendarOutlined />, "journeys.read"),
  place("customers", <IdcardOutlined />, "customers.read"),
  place("segments", <TeamOutlined />, "customers.read"),
  place("texts", <FileTextOutlined />, "journeys.read"),
  place("board", <BarChartOutlined />, "journeys.read"),
  place("experiments", <ExperimentOutlined />, "journeys.read"),
  place("messages", <MailOutlined />, "messages.read"),
  place("coupons", <TagsOutlined />, "coupons.read"),
  place("shows", <VideoCameraOutlined />, "streams.read"),
  place("plays", <TrophyOutlined />, "plays.read"),
  place("voice", <SoundOutlined />, "voice.read"),
  place("stock", <DatabaseOutlined />, "stock.read"),
  place("replenishments", <InboxOutlined />, "replenishments.read"),
  place("desk", <ContactsOutlined />, "desk"),
  place("settings", <SettingOutlined />, "users.manage", "keys.manage", "audit.read", "channels.read", "journeys.read"),
];

/** The pages that whoever is signed in may open, in the order of the menu. */
export function usePlaces() {
  const words = useWords();
  const may = useMay();
  return PLACES.filter((each) => each.permissions.some(may)).map((each) => ({ ...each, label: words[each.word] }));
}
