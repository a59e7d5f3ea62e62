// SPDX-License-Identifier: Apache-2.0

package repository

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const glossary = root + "/docs/glossary.md"

// Terms are the first cells of the glossary's tables: a word, or two that are explained together.
func TestTermsOfTheGlossaryAreUsedAndInOrder(t *testing.T) {
	text, err := os.ReadFile(glossary)
	require.NoError(t, err)
	var others strings.Builder
	for _, path := range tracked(t, "*.md") {
		if path == filepath.Clean(glossary) || strings.HasSuffix(path, "CHANGELOG.md") {
			continue
		}
		content, err := os.ReadFile(path)
		require.NoError(t, err)
		others.Write(content)
	}
	count, unused := 0, []string{}
	for table := range strings.SplitSeq(string(text), "\n## ") {
		var terms []string
		for _, match := range regexp.MustCompile(`(?m)^\| ([^|]+) \| [^|]+\. \|$`).FindAllStringSubmatch(table, -1) {
			terms = append(terms, strings.ToLower(match[1]))
			for word := range strings.SplitSeq(match[1], ", ") {
				if !isUsed(others.String(), word) {
					unused = append(unused, word)
				}
			}
		}
		require.True(t, slices.IsSorted(terms), "%v", terms)
		require.Len(t, terms, max(0, strings.Count(table, "\n| ")-2), "a row of a table is no term with an explanation")
		count += len(terms)
	}
	require.Greater(t, count, 50)
	require.Empty(t, unused, "no other page has these words")
}

// isUsed looks for a word or its plural. Abbreviations are in capitals everywhere.
func isUsed(text, word string) bool {
	flags := "(?i)"
	if strings.ToUpper(word) == word {
		flags = ""
	}
	return regexp.MustCompile(flags + `\b` + regexp.QuoteMeta(word) + `s?\b`).MatchString(text)
}

func TestReadersFindTheGlossary(t *testing.T) {
	for page, link := range map[string]string{"README.md": "docs/glossary.md", "docs/getting-started.md": "glossary.md", "docs/metrics.md": "glossary.md"} {
		require.Contains(t, read(t, filepath.Join(root, page)).links, link, page)
	}
}

func TestWordsThatNobodyUsesAreFound(t *testing.T) {
	for word, used := range map[string]bool{"GI": true, "gi": true, "MIG": true, "host engine": true, "CI": false, "host engin": false} {
		require.Equal(t, used, isUsed("Host engines of MIGs: GI, 1 circle", word), word)
	}
}
