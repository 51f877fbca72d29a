import { ConfigProvider, theme } from "antd";
import enUS from "antd/locale/en_US";
import zhCN from "antd/locale/zh_CN";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { useEffect } from "react";
import { onBack } from "@/api/connection";
import { ApiProblem } from "@/api/problem";
import { useIsDark, usePreferences } from "@/parts/preferences";
import { router } from "./router";
import { themeOf } from "./theme";

const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 10_000,
      retry: (failures, error) =>
        failures < 2 && !(error instanceof ApiProblem && error.status < 500 && error.status > 0),
    },
  },
});
onBack(() => void queries.invalidateQueries());

export function App() {
  const { language } = usePreferences();
  const dark = useIsDark();
  useEffect(() => {
    document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
    document.documentElement.style.colorScheme = dark ? "dark" : "light";
  }, [language, dark]);
  return (
    <ConfigProvider theme={themeOf(dark)} locale={language === "zh" ? zhCN : enUS} button={{ autoInsertSpace: false }}>
      <Ground />
      <QueryClientProvider client={queries}>
        <RouterProvider router={router} />
      </QueryClientProvider>
    </ConfigProvider>
  );
}

/** Gives the theme to what no component of Ant Design draws. */
function Ground() {
  const { token } = theme.useToken();
  useEffect(() => {
    Object.assign(document.body.style, {
      background: token.colorBgContainer,
      color: token.colorText,
      font: `${token.fontSize}px/${token.lineHeight} ${token.fontFamily}`,
    });
    document.body.style.setProperty("--link", token.colorLink);
  }, [token]);
  return null;
}
