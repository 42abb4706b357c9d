// Runs before the first paint: the chosen theme, language and density, so that nothing flashes.
(() => {
  try {
    const chosen = JSON.parse(localStorage.getItem('chinwag.settings') || '{}');
    const { dataset } = document.documentElement;
    if (chosen.theme && chosen.theme !== 'system') dataset.theme = chosen.theme;
    if (chosen.density === 'compact') dataset.density = 'compact';
    if (chosen.language === 'ar') document.documentElement.dir = 'rtl';
  } catch {
    // Storage that is closed, or holds something else: the page then looks as the system says.
  }
})();
