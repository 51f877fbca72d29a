import { Link } from "@tanstack/react-router";
import { Empty } from "antd";
import { useWords } from "./words";

export function NotFound() {
  const words = useWords();
  return (
    <Empty
      image={Empty.PRESENTED_IMAGE_SIMPLE}
      description={`${words.notFound}。${words.notFoundAbout}`}
      style={{ padding: 48 }}
    >
      <Link to="/">{words.home}</Link>
    </Empty>
  );
}
