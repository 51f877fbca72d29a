import { PartitionOutlined } from "@ant-design/icons";
import type { ReactNode } from "react";
import { type Permission, useMay } from "@/parts/me";
import { useWords } from "./words";

interface Place {
  path: "/journeys";
  word: "journeys";
  icon: ReactNode;
  permission: Permission;
}

const PLACES: Place[] = [
  { path: "/journeys", word: "journeys", icon: <PartitionOutlined />, permission: "journeys.read" },
];

/** The pages that whoever is signed in may open, in the order of the menu. */
export function usePlaces() {
  const words = useWords();
  const may = useMay();
  return PLACES.filter((each) => may(each.permission)).map((each) => ({ ...each, label: words[each.word] }));
}
