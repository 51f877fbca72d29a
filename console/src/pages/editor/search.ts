interface Search {
  /** What a journey is to be called that isn't there yet. */
  title?: string | undefined;
  /** What such a journey is begun with. */
  recipe?: string | undefined;
}

export const titleOf = (search: Record<string, unknown>): Search => ({
  title: typeof search.title === "string" ? search.title.slice(0, 100) : undefined,
  recipe: typeof search.recipe === "string" ? search.recipe.slice(0, 100) : undefined,
});
