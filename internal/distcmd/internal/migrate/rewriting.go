// SPDX-License-Identifier: Apache-2.0

package migrate

import "slices"

// rewriting is what becomes of one text of a file.
type rewriting struct {
	scalar  *scalar
	edits   []edit // of its value
	changes []Change
	notes   []Message
}

// settle returns the edits of the file. A rewriting that another text of the file would not survive, or not itself, is reported instead.
func (m *migration) settle() []edit {
	kept := m.rewritings
	edits, fits := m.fit(kept)
	if !fits {
		kept = m.fitting()
		edits, fits = m.fit(kept)
	}
	if !fits {
		m.refuse(kept)
		return nil
	}
	for _, r := range kept {
		m.result.Changes = append(m.result.Changes, r.changes...)
		m.result.Notes = append(m.result.Notes, r.notes...)
	}
	return edits
}

// fitting are the rewritings that can be made, of all of which some cannot. The file is read a few times for each of the latter, not for each of the former.
func (m *migration) fitting() []rewriting {
	var written []rewriting
	for _, r := range m.rewritings {
		if _, err := r.inFile(); err != nil {
			m.refuse([]rewriting{r})
			continue
		}
		written = append(written, r)
	}
	kept, refused := divide(written, func(some []rewriting) bool {
		_, fits := m.fit(some)
		return fits
	})
	m.refuse(refused)
	return kept
}

// divide finds those that do not fit by halves.
func divide(all []rewriting, fit func([]rewriting) bool) (kept, refused []rewriting) {
	switch {
	case len(all) == 0 || fit(all):
		return all, nil
	case len(all) == 1:
		return nil, all
	}
	half := len(all) / 2
	kept, refused = divide(all[:half], fit)
	more, others := divide(all[half:], fit)
	return slices.Concat(kept, more), slices.Concat(refused, others)
}

// inFile are the edits of the file that a rewriting is made of.
func (r rewriting) inFile() ([]edit, error) {
	if len(r.edits) == 0 {
		return nil, nil
	}
	if overlap(r.edits) {
		return nil, errNotFound
	}
	return r.scalar.inFile(r.edits)
}

func (m *migration) refuse(all []rewriting) {
	for _, r := range all {
		m.fail(r.scalar, errNotFound.Error())
	}
}

// fit returns the edits of rewritings, and whether the edited file is read as what they make of it.
func (m *migration) fit(all []rewriting) ([]edit, bool) {
	var edits []edit
	changed := map[*scalar]string{}
	for _, r := range all {
		own, err := r.inFile()
		if err != nil {
			return nil, false
		}
		edits = append(edits, own...)
		changed[r.scalar] = apply(r.scalar.value, r.edits)
	}
	if len(edits) == 0 {
		return nil, true
	}
	if overlap(edits) {
		return nil, false
	}
	again, err := read([]byte(apply(string(m.text), edits)))
	return edits, err == nil && m.same(again, changed)
}
