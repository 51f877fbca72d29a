import {
  BranchesOutlined,
  CheckSquareOutlined,
  ClockCircleOutlined,
  ExportOutlined,
  FlagOutlined,
  ForkOutlined,
  GiftOutlined,
  HourglassOutlined,
  MessageOutlined,
  PlayCircleOutlined,
  RetweetOutlined,
  TagOutlined,
} from "@ant-design/icons";
import type { ReactNode } from "react";

/** What a step is told by at a glance, by its verb; a condition is called `decide` in plans. */
export const VERB_ICONS: Record<string, ReactNode> = {
  start: <PlayCircleOutlined />,
  end: <FlagOutlined />,
  send: <MessageOutlined />,
  wait: <ClockCircleOutlined />,
  wait_for: <HourglassOutlined />,
  decide: <BranchesOutlined />,
  if: <BranchesOutlined />,
  choose: <BranchesOutlined />,
  split: <ForkOutlined />,
  coupon: <GiftOutlined />,
  todo: <CheckSquareOutlined />,
  tag: <TagOutlined />,
  untag: <TagOutlined />,
  set: <TagOutlined />,
  repeat: <RetweetOutlined />,
  webhook: <ExportOutlined />,
  stop: <FlagOutlined />,
};
