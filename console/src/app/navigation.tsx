import { ContactsOutlined, InboxOutlined, MailOutlined, PartitionOutlined, SunOutlined } from "@ant-design/icons";
import type { ReactNode } from "react";
import { type Permission, useMay } from "@/parts/me";
import { useWords } from "./words";

interface Place {
  path: "/today" | "/journeys" | "/messages" | "/replenishments" | "/desk";
  word: "today" | "journeys" | "messages" | "replenishments" | "desk";
  icon: ReactNode;
  /** Of which one is enough. */
  permissions: Permission[];
}

const PLACES: Place[] = [
  { path: "/today", word: "today", icon: <SunOutlined />, permissions: ["journeys.read", "streams.read"] },
  { path: "/journeys", word: "journeys", icon: <PartitionOutlined />, permissions: ["journeys.read"] },
  { path: "/messages", word: "messages", icon: <MailOutlined />, permissions: ["messages.read"] },
  { path: "/replenishments", word: "replenishments", icon: <InboxOutlined />, permissions: ["replenishments.read"] },
  { path: "/desk", word: "desk", icon: <ContactsOutlined />, permissions: ["desk"] },
];

/** The pages that whoever is signed in may open, in the order of the menu. */
export function usePlaces() {
  const words = useWords();
  const may = useMay();
  return PLACES.filter((each) => each.permissions.some(may)).map((each) => ({ ...each, label: words[each.word] }));
}
