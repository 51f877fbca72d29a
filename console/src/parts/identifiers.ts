import { makeWords, record } from "./words";

/** What people call the kinds of what names a customer. */
export const identifierKinds = {
  zh: record({
    phone: "手机号",
    email: "邮箱",
    unionid: "微信 unionid",
    openid: "公众号 openid",
    "openid:mini": "小程序 openid",
    "openid:oa": "公众号 openid",
    external_userid: "企业微信客户",
    member_no: "会员号",
    device_id: "设备",
  }),
  en: record({
    phone: "Phone",
    email: "Email",
    unionid: "WeChat unionid",
    openid: "Official account",
    "openid:mini": "Mini program",
    "openid:oa": "Official account",
    external_userid: "WeCom contact",
    member_no: "Member no.",
    device_id: "Device",
  }),
};

export const useIdentifierKinds = makeWords(identifierKinds);
