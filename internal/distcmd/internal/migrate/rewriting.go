// SPDX-License-Identifier: Apache-2.0

package migrate

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

// fitting are the rewritings that can be made alone.
func (m *migration) fitting() []rewriting {
	var kept []rewriting
	for _, r := range m.rewritings {
		if _, fits := m.fit([]rewriting{r}); fits {
			kept = append(kept, r)
			continue
		}
		m.refuse([]rewriting{r})
	}
	return kept
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
		own, err := r.scalar.inFile(r.edits)
		if len(r.edits) > 0 && err != nil || overlap(r.edits) {
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
