import { MenuOutlined, SearchOutlined } from "@ant-design/icons";
import { Link } from "@tanstack/react-router";
import { Alert, Button, Flex, Grid, Layout, theme } from "antd";
import { lazy, type ReactNode, Suspense, useEffect, useState } from "react";
import { useConnectionLost } from "@/api/connection";
import { Account } from "./Account";
import { Mark } from "./Mark";
import { usePlaces } from "./navigation";
import { useWords } from "./words";
import { Quiet } from "@/parts/Quiet";

const Search = lazy(() => import("./Search"));
const SideDrawer = lazy(() => import("./SideDrawer"));
const WIDTH = 220;
const shortcut = navigator.userAgent.includes("Mac") ? "⌘K" : "Ctrl K";

/** The frame around every page: the menu, search from anywhere, who one is, and whether the service answers. */
export default function Shell({ children }: { children: ReactNode }) {
  const words = useWords();
  const lost = useConnectionLost();
  const { colorBgContainer, colorBorderSecondary: line } = theme.useToken().token;
  const wide = Grid.useBreakpoint().lg ?? true;
  const [drawer, setDrawer] = useState(false);
  const [searching, setSearching] = useState(false);
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if ((event.metaKey || event.ctrlKey) && event.key.toLowerCase() === "k") {
        event.preventDefault();
        setSearching((open) => !open);
      }
    };
    window.addEventListener("keydown", press);
    return () => {
      window.removeEventListener("keydown", press);
    };
  }, []);
  const search = () => {
    setSearching(true);
    setDrawer(false);
  };
  const side = (
    <Flex vertical gap={12} style={{ height: "100%", padding: "14px 0 8px" }}>
      <Flex align="center" gap={8} style={{ padding: "0 16px" }}>
        <Mark size={22} />
        <strong>Aftershow</strong>
      </Flex>
      <div style={{ padding: "0 8px" }}>
        <Button block icon={<SearchOutlined />} onClick={search} style={{ justifyContent: "flex-start" }}>
          <span style={{ flex: 1, textAlign: "start" }}>{words.search}</span>
          <Quiet small>{shortcut}</Quiet>
        </Button>
      </div>
      <Places
        onGo={() => {
          setDrawer(false);
        }}
      />
      <Account />
    </Flex>
  );
  return (
    <Layout style={{ minHeight: "100%" }}>
      <a className="skip" href="#content">
        {words.skip}
      </a>
      {wide ? (
        <Layout.Sider
          width={WIDTH}
          style={{ position: "sticky", top: 0, height: "100vh", borderInlineEnd: `1px solid ${line}` }}
        >
          {side}
        </Layout.Sider>
      ) : (
        drawer && (
          <Suspense>
            <SideDrawer
              width={WIDTH + 40}
              onClose={() => {
                setDrawer(false);
              }}
            >
              {side}
            </SideDrawer>
          </Suspense>
        )
      )}
      <Layout style={{ background: colorBgContainer }}>
        {!wide && (
          <Layout.Header style={{ position: "sticky", top: 0, zIndex: 5, borderBlockEnd: `1px solid ${line}` }}>
            <Flex align="center" justify="space-between" style={{ height: "100%" }}>
              <Button
                type="text"
                size="large"
                icon={<MenuOutlined />}
                aria-label={words.menu}
                onClick={() => {
                  setDrawer(true);
                }}
              />
              <Mark size={22} />
              <Button type="text" size="large" icon={<SearchOutlined />} aria-label={words.search} onClick={search} />
            </Flex>
          </Layout.Header>
        )}
        {lost && <Alert banner type="warning" title={words.lost} />}
        <Content wide={wide}>{children}</Content>
      </Layout>
      {searching && (
        <Suspense>
          <Search
            onClose={() => {
              setSearching(false);
            }}
          />
        </Suspense>
      )}
    </Layout>
  );
}

function Content({ wide, children }: { wide: boolean; children: ReactNode }) {
  return (
    <Layout.Content
      id="content"
      className="content"
      style={{ padding: wide ? "24px 32px 48px" : "16px 12px 48px", minWidth: 0 }}
    >
      <div style={{ maxWidth: 1280, margin: "0 auto" }}>{children}</div>
    </Layout.Content>
  );
}

function Places({ onGo }: { onGo: () => void }) {
  const words = useWords();
  const places = usePlaces();
  const { token } = theme.useToken();
  return (
    <nav aria-label={words.pages} style={{ flex: 1, overflowY: "auto", padding: "0 8px" }}>
      {places.map((each) => (
        <Link
          key={each.path}
          to={each.path}
          className="place"
          style={{ color: token.colorText, borderRadius: token.borderRadius }}
          activeProps={{ style: { color: token.colorSuccess, background: token.colorPrimaryBg } }}
          onClick={onGo}
        >
          {each.icon}
          <span>{each.label}</span>
        </Link>
      ))}
    </nav>
  );
}
