import { theme, type ThemeConfig } from "antd";

const FONTS =
  '-apple-system, BlinkMacSystemFont, "Segoe UI", "PingFang SC", "Hiragino Sans GB", "Microsoft YaHei", "Noto Sans CJK SC", "Noto Sans SC", sans-serif';

/** Quiet and dense: one accent, greys, 32 px rows, 6 px corners. The accent has 4.9:1 on white. */
export function themeOf(dark: boolean): ThemeConfig {
  const accent = dark
    ? {
        colorPrimary: "#35c27d",
        colorPrimaryHover: "#52d294",
        colorPrimaryActive: "#2aa86a",
        colorTextLightSolid: "#06140d",
      }
    : { colorPrimary: "#00824b", colorPrimaryHover: "#00703f", colorPrimaryActive: "#005c34" };
  const ground = dark
    ? {
        colorBgBase: "#131514",
        colorBgContainer: "#151817",
        colorBgElevated: "#1e2321",
        colorBgLayout: "#0f1110",
        colorTextBase: "#e8ebe9",
      }
    : { colorBgBase: "#ffffff", colorBgLayout: "#f6f7f7", colorTextBase: "#16191a" };
  const tint = dark ? "#1b2a22" : "#e3f1ea";
  const quiet = dark ? "#9aa5a0" : "#5f6b66";
  return {
    algorithm: dark ? theme.darkAlgorithm : theme.defaultAlgorithm,
    token: {
      ...accent,
      ...ground,
      colorLink: accent.colorPrimary,
      colorLinkHover: accent.colorPrimaryHover,
      colorSuccess: dark ? "#35c27d" : "#006b3d",
      colorSuccessBg: tint,
      colorPrimaryBg: tint,
      colorPrimaryBgHover: tint,
      colorWarning: dark ? "#f0b44c" : "#9a5b00",
      colorWarningBg: dark ? "#2c2313" : "#fdf4e3",
      colorError: dark ? "#ff8078" : "#b42318",
      colorErrorBg: dark ? "#2e1715" : "#fdeceb",
      colorTextSecondary: quiet,
      colorTextDescription: quiet,
      colorTextTertiary: quiet,
      colorTextPlaceholder: dark ? "#8b9691" : "#6b7671",
      colorBorderSecondary: dark ? "#262b28" : "#e8ebea",
      colorBorder: dark ? "#363c39" : "#d5dad8",
      borderRadius: 6,
      fontFamily: FONTS,
      fontSize: 14,
      motionDurationMid: "0.12s",
      motionDurationSlow: "0.16s",
      boxShadow: "0 6px 24px rgba(10, 20, 15, 0.12)",
      boxShadowSecondary: "0 6px 24px rgba(10, 20, 15, 0.12)",
      boxShadowTertiary: "none",
    },
    components: {
      Layout: {
        siderBg: ground.colorBgLayout,
        headerBg: dark ? "#151817" : "#ffffff",
        headerHeight: 52,
        headerPadding: "0 12px",
      },
      Table: {
        cellPaddingBlock: 7,
        cellPaddingInline: 12,
        headerBg: "transparent",
        headerColor: quiet,
        headerSplitColor: "transparent",
      },
      Segmented: { trackBg: dark ? "#0c0e0d" : "#eceeed" },
      Button: { primaryShadow: "none", defaultShadow: "none" },
    },
  };
}
