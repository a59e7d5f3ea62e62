// SPDX-License-Identifier: Apache-2.0

package statuspage

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// browser is a session of headless Chromium, driven through chromedriver: scripts of a driver
// run whatever the page's policy forbids.
type browser struct {
	session string // its URL
}

// newBrowser skips where nobody asked for a browser: `make test-browser` does.
func newBrowser(t *testing.T) *browser {
	t.Helper()
	driver := os.Getenv("CHROMEDRIVER")
	if driver == "" {
		t.Skip("CHROMEDRIVER is not set")
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	_, port, err := net.SplitHostPort(listener.Addr().String())
	require.NoError(t, err)
	require.NoError(t, listener.Close())
	cmd := exec.Command(driver, "--port="+port)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { _, _ = cmd.Process.Kill(), cmd.Wait() }) // It ends by the signal.

	b := &browser{session: "http://127.0.0.1:" + port}
	require.Eventually(t, func() bool {
		response, err := http.Get(b.session + "/status")
		return err == nil && response.Body.Close() == nil && response.StatusCode == http.StatusOK
	}, time.Minute, 50*time.Millisecond, "chromedriver does not answer")
	b.open(t)
	return b
}

func (b *browser) open(t *testing.T) {
	t.Helper()
	var created struct {
		SessionID string `json:"sessionId"`
	}
	b.call(t, "/session", map[string]any{"capabilities": map[string]any{"alwaysMatch": map[string]any{
		"goog:loggingPrefs": map[string]string{"browser": "ALL"},
		"goog:chromeOptions": map[string]any{"args": []string{
			"--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-dev-shm-usage",
			"--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars",
			"--user-data-dir=" + t.TempDir(),
		}},
	}}}, &created)
	root := b.session
	b.session = root + "/session/" + created.SessionID
	t.Cleanup(func() {
		request, err := http.NewRequestWithContext(context.Background(), http.MethodDelete, b.session, http.NoBody)
		require.NoError(t, err)
		response, err := http.DefaultClient.Do(request)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
	})
}

// call posts a WebDriver command and decodes the value of the answer.
func (b *browser) call(t *testing.T, command string, arguments, value any) {
	t.Helper()
	body, err := json.Marshal(arguments)
	require.NoError(t, err)
	response, err := http.Post(b.session+command, "application/json", bytes.NewReader(body))
	require.NoError(t, err)
	answer, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	require.Equal(t, http.StatusOK, response.StatusCode, string(answer))
	require.NoError(t, json.Unmarshal(answer, &struct{ Value any }{value}))
}

func (b *browser) devtools(t *testing.T, method string, params map[string]any, value any) {
	t.Helper()
	b.call(t, "/goog/cdp/execute", map[string]any{"cmd": method, "params": params}, value)
}

func (b *browser) script(t *testing.T, script string, value any) {
	t.Helper()
	b.call(t, "/execute/sync", map[string]any{"script": script, "args": []any{}}, value)
}

// show opens the page on a screen of that width.
func (b *browser) show(t *testing.T, url string, width int, scheme string) {
	t.Helper()
	b.devtools(t, "Emulation.setDeviceMetricsOverride", map[string]any{
		"width": width, "height": 844, "deviceScaleFactor": 1, "mobile": width < 600,
	}, &struct{}{})
	b.devtools(t, "Emulation.setEmulatedMedia", map[string]any{
		"features": []map[string]string{{"name": "prefers-color-scheme", "value": scheme}},
	}, &struct{}{})
	b.call(t, "/url", map[string]string{"url": url}, new(any))
}

func (b *browser) screenshot(t *testing.T, path string) {
	t.Helper()
	var shot struct{ Data string }
	b.devtools(t, "Page.captureScreenshot", map[string]any{"captureBeyondViewport": true}, &shot)
	png, err := base64.StdEncoding.DecodeString(shot.Data)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, png, 0o600))
}

// serve answers with the page as the extension does.
func serve(t *testing.T, p *Page) (url string) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Security-Policy", ContentSecurityPolicy())
		_ = HTML(w, p) // The browser went away.
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// unreadable lists the texts whose contrast with what is behind them is below 4.5, the least
// that WCAG 2 asks for at level AA.
const unreadable = `
const channel = c => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
const numbers = colour => colour.match(/[\d.]+/g).map(Number);
const luminance = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
const behind = e => {
	for (; e; e = e.parentElement) {
		const c = numbers(getComputedStyle(e).backgroundColor);
		if (c.length < 4 || c[3] === 1) return c;
	}
	return [255, 255, 255];
};
const found = [];
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
for (let n; n = walker.nextNode();) {
	const e = n.parentElement;
	if (!n.textContent.trim() || e.closest('svg')) continue;
	const [a, b] = [luminance(numbers(getComputedStyle(e).color)), luminance(behind(e))].sort((x, y) => y - x);
	const ratio = (a + 0.05) / (b + 0.05);
	if (ratio < 4.5) found.push(n.textContent.trim() + ' ' + ratio.toFixed(2));
}
return found;`

// facts are what a script finds out about a page.
type facts struct {
	Title      string
	Overflow   float64  // how much wider than the screen the page is
	Background string   // of the page
	Unnamed    int      // pictures without a name
	Headless   int      // header cells without a scope
	Headings   []string // by level
	GPUCharts  int      // that can be seen
}

const inspect = `
const all = q => [...document.querySelectorAll(q)];
return {
	Title: document.title,
	Overflow: document.documentElement.scrollWidth - innerWidth,
	Background: getComputedStyle(document.body).backgroundColor,
	Unnamed: all('svg').filter(e => !e.getAttribute('aria-label') && e.getAttribute('aria-hidden') !== 'true').length,
	Headless: all('th').filter(e => !e.scope).length,
	Headings: all('h1,h2,h3').map(e => e.tagName),
	GPUCharts: all('.gpus svg').filter(e => e.clientWidth >= 80 && e.clientHeight >= 16 && e.querySelector('.line')?.getTotalLength() > 0 && e.querySelector('title').textContent).length,
};`

func TestInChromium(t *testing.T) {
	b := newBrowser(t)
	shots := os.Getenv("SCREENSHOTS")
	if shots == "" {
		shots = t.TempDir()
	}
	pages := map[string]string{"busy": serve(t, busy()), "calm": serve(t, calm()), "quiet": serve(t, quiet())}
	backgrounds := map[string]string{"light": "rgb(246, 248, 250)", "dark": "rgb(13, 17, 23)"}
	for name, url := range pages {
		for scheme, background := range backgrounds {
			for _, width := range []int{320, 390, 1280} {
				at := fmt.Sprintf("%s-%s-%d", name, scheme, width)
				b.show(t, url, width, scheme)
				b.screenshot(t, filepath.Join(shots, at+".png"))
				require.Equal(t, map[string]int{"busy": 14}[name], b.requireReadable(t, at, background).GPUCharts, at)
			}
		}
	}
}

func (b *browser) requireReadable(t *testing.T, at, background string) facts {
	t.Helper()
	var f facts
	b.script(t, inspect, &f)
	require.NotEmpty(t, f.Title, at)
	require.LessOrEqual(t, f.Overflow, 0.0, "%s is wider than the screen", at)
	require.Equal(t, background, f.Background, at)
	require.Zero(t, f.Unnamed, "%s has pictures without a name", at)
	require.Zero(t, f.Headless, "%s has header cells without a scope", at)
	require.True(t, strings.HasPrefix(strings.Join(f.Headings, ""), "H1H2"), at)
	var faint []string
	b.script(t, unreadable, &faint)
	require.Empty(t, faint, "%s has text with too little contrast", at)
	var log []any
	b.call(t, "/se/log", map[string]string{"type": "browser"}, &log)
	require.Empty(t, log, "%s makes the browser complain", at)
	return f
}
