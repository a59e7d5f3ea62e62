// SPDX-License-Identifier: Apache-2.0

package repository

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/require"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/text"
)

// page is what links need of a document.
type page struct {
	links   []string
	anchors map[string]bool
}

var htmlAnchor = regexp.MustCompile(`<a (?:id|name)="([^"]+)"`)

func read(t *testing.T, path string) page {
	t.Helper()
	source, err := os.ReadFile(path)
	require.NoError(t, err)
	p := page{anchors: map[string]bool{}}
	for _, match := range htmlAnchor.FindAllStringSubmatch(string(source), -1) {
		p.anchors[match[1]] = true
	}
	document := goldmark.New(goldmark.WithExtensions(extension.GFM)).Parser().Parse(text.NewReader(source))
	require.NoError(t, ast.Walk(document, func(node ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		switch node := node.(type) {
		case *ast.Heading:
			p.addHeading(words(node, source))
		case *ast.Link:
			p.links = append(p.links, string(node.Destination))
		case *ast.Image:
			p.links = append(p.links, string(node.Destination))
		}
		return ast.WalkContinue, nil
	}))
	return p
}

// words returns the text of a node, as it is shown.
func words(node ast.Node, source []byte) string {
	var all strings.Builder
	for child := node.FirstChild(); child != nil; child = child.NextSibling() {
		switch child := child.(type) {
		case *ast.Text:
			all.Write(child.Segment.Value(source))
		case *ast.String:
			all.Write(child.Value)
		default:
			all.WriteString(words(child, source))
		}
	}
	return all.String()
}

// addHeading makes the anchor that GitHub makes of a heading.
func (p *page) addHeading(heading string) {
	anchor := strings.Map(func(c rune) rune {
		switch {
		case unicode.IsLetter(c), unicode.IsNumber(c), c == '-', c == '_':
			return unicode.ToLower(c)
		case c == ' ':
			return '-'
		default:
			return -1
		}
	}, heading)
	unique := anchor
	for i := 1; p.anchors[unique]; i++ {
		unique = fmt.Sprintf("%s-%d", anchor, i)
	}
	p.anchors[unique] = true
}

func TestLinksOfDocumentsLeadSomewhere(t *testing.T) {
	pages := map[string]page{}
	for _, path := range tracked(t, "*.md") {
		pages[path] = read(t, path)
	}
	for path, p := range pages {
		for _, link := range p.links {
			if err := follow(pages, path, link); err != nil {
				t.Errorf("%s: link %q: %v", path, link, err)
			}
		}
	}
}

// follow checks a link to a file of the repository, and to a heading of a document.
func follow(pages map[string]page, from, link string) error {
	target, err := url.Parse(link)
	if err != nil || target.Scheme != "" {
		return err
	}
	to := from
	if target.Path != "" {
		to = filepath.Join(filepath.Dir(from), target.Path)
	}
	if _, err := os.Stat(to); err != nil {
		return err
	}
	if p, isPage := pages[to]; isPage && target.Fragment != "" && !p.anchors[target.Fragment] {
		return fmt.Errorf("%s has no such heading", to)
	}
	return nil
}

func TestLinksThatLeadNowhereAreFound(t *testing.T) {
	path := filepath.Join(t.TempDir(), "page.md")
	require.NoError(t, os.WriteFile(path, []byte("# `A` [b](x.md), c's 1.2!\n\n## Twice\n\n## Twice\n\n```\n# no heading [no](link)\n```\n\n| [t](#table) |\n| --- |\n| ![i](i.png) |\n"), 0o600))
	p := read(t, path)
	require.Equal(t, page{links: []string{"x.md", "#table", "i.png"}, anchors: map[string]bool{"a-b-cs-12": true, "twice": true, "twice-1": true}}, p)
	pages := map[string]page{path: p}
	for link, want := range map[string]string{
		"#twice-1": "", "page.md#twice": "", "https://example.com/x": "", "mailto:a@b": "",
		"#table": "no such heading", "page.md#thrice": "no such heading", "i.png": "no such file", "../x/page.md": "no such file",
	} {
		err := follow(pages, path, link)
		if want == "" {
			require.NoError(t, err, link)
			continue
		}
		require.ErrorContains(t, err, want, link)
	}
}
