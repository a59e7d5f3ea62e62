// SPDX-License-Identifier: Apache-2.0

// Package holders knows who holds which GPU since when. Sources answer with holders by [Ref]; data says which
// GPU has which refs; a [Book] brings the two together. Nothing here reads a file or a clock.
package holders
