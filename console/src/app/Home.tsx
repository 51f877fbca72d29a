import { Navigate } from "@tanstack/react-router";
import { Empty } from "antd";
import { usePlaces } from "./navigation";
import { useWords } from "./words";

export function Home() {
  const words = useWords();
  const first = usePlaces()[0];
  return first ? <Navigate to={first.path} replace /> : <Empty description={words.nothing} />;
}
