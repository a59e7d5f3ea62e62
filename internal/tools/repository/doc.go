// SPDX-License-Identifier: Apache-2.0

// Package repository has the tests of what is no code: links of documents, their spelling, and the workflows of .github.
package repository
