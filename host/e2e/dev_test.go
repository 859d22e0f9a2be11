package e2e

import (
	"fmt"
	"os"
	"regexp"
	"testing"

	"github.com/chromedp/chromedp"

	"weir/edge/toolchain/need"
	"weir/host/e2e/browser"
)

// TestDev does what a newcomer does: types weir dev, opens the demo shop,
// clicks around, and looks at the live page.
//
// WEIR_SCREENSHOT names a PNG file for the live page as it is then.
func TestDev(t *testing.T) {
	p := launch(t, "dev", []string{"WEIR_CACHE=" + need.Cache()}, weir(t), "dev",
		"--listen", "127.0.0.1:0", "--host-listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0")
	shop, live := printed(t, p, "Demo shop"), printed(t, p, "Live page")

	visitor := browser.Open(t)
	visitor.Look(1240, 1000, "light")
	visitor.Run(chromedp.Navigate(shop))
	visitor.Wait(`document.documentElement.dataset.ready === "true"`)
	answered(visitor, "page_view", 1)

	operator := browser.Open(t)
	operator.Look(1440, 900, "light")
	operator.Run(chromedp.Navigate(live))
	arrived(operator, "page_view", "good", 1)

	visitor.Run(send("struct"), send("self_describing"),
		chromedp.Click(`[data-add="TEA-100"]`, chromedp.ByQuery),
		chromedp.Click(`[data-add="TEA-210"]`, chromedp.ByQuery),
		chromedp.Click(`#checkout`, chromedp.ByQuery),
		send("violation"))
	arrived(operator, "struct", "good", 1)
	arrived(operator, "product_view", "good", 1)
	arrived(operator, "add_to_cart", "good", 2)
	arrived(operator, "checkout", "good", 1)
	arrived(operator, "add_to_cart", "failed", 1)

	operator.Run(chromedp.Click(`//tbody/tr[.//span[text()="failed"]]`, chromedp.BySearch))
	operator.Wait(`[...document.querySelectorAll("#detail .violation")].some(v => v.textContent.includes("/quantity") && v.textContent.includes("minimum"))`)
	operator.Wait(`document.querySelector("#detail .receipts")?.textContent.includes("user_ipaddress")`)
	operator.Wait(`[...document.querySelectorAll("#figures div")].some(d => d.textContent.startsWith("failed") && d.textContent.endsWith("1"))`)
	if path := os.Getenv("WEIR_SCREENSHOT"); path != "" {
		operator.Screenshot(path)
	}
	// What failed is kept, whoever was looking at the time.
	operator.Run(chromedp.Click(`[data-view=failed]`, chromedp.ByQuery))
	operator.Wait(`document.querySelectorAll("#events tbody tr").length === 1`)
	arrived(operator, "add_to_cart", "failed", 1)

	for _, tab := range []*browser.Tab{visitor, operator} {
		for _, c := range tab.Complaints() {
			t.Errorf("a page complained: %s", c)
		}
	}
	p.stop(t)
	need.Ran(t, "weir dev", "chromium")
}

// printed finds the address that a program prints beside a name.
func printed(t *testing.T, p *process, name string) (address string) {
	t.Helper()
	line := regexp.MustCompile(name + ` +(http://\S+)`)
	eventually(t, p.name+" prints "+name, func() error {
		if err := p.alive(); err != nil {
			t.Fatal(err)
		}
		m := line.FindStringSubmatch(p.output())
		if m == nil {
			return fmt.Errorf("it says %q", p.output())
		}
		address = m[1]
		return nil
	})
	return address
}

// arrived waits until the live page shows n events of a name with a verdict.
func arrived(tab *browser.Tab, name, verdict string, n int) {
	tab.Wait(fmt.Sprintf(`[...document.querySelectorAll("#events tbody tr")].filter(r => r.querySelector(".c-event").firstChild.textContent === %q && r.querySelector(".badge").textContent === %q).length === %d`, name, verdict, n))
}
