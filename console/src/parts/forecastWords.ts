import { makeWords } from "@/parts/words";

export const useForecastWords = makeWords({
  zh: {
    forecastOf: (name: string) => `${name} · 未来 14 天预测`,
    bandOf: (sum: string) => `实线是中位数，色带是十分位到九分位；14 天预计共卖 ${sum} 件`,
    onProduct: (days: string, sold: string, short: string) =>
      `依据：可售的 ${days} 天共卖 ${sold} 件，其中缺货约 ${short} 天，已按在售时的销量补上。`,
    onCategory: (category: string, products: string, days: string) =>
      `这个商品的历史太少，用的是类目「${category}」${products} 个商品 ${days} 天的平均。`,
    onNothing: "这个商品和它的类目都还没有销量，没有预测。",
  },
  en: {
    forecastOf: (name: string) => `${name} · the next 14 days`,
    bandOf: (sum: string) => `The line is the median, the band the first to the ninth decile; ${sum} units in 14 days`,
    onProduct: (days: string, sold: string, short: string) =>
      `Of the ${days} days on which it could be sold, ${sold} units; about ${short} days sold out are made up for.`,
    onCategory: (category: string, products: string, days: string) =>
      `Too little is known of it: this is the mean of ${products} products of ${category} over ${days} days.`,
    onNothing: "Neither it nor its category has sold anything yet.",
  },
});
