//! One header block: finds its `:authority` and makes it one that h2 accepts, without changing the block's length.

use std::ops::Range;

use super::hpack::{Field, Fields, Malformed, NameForm, Text};
use super::table::{Name, Table};
use super::{huffman, rewrite};

/// `accept: ""`, the index 19 of the static table in one octet: means nothing to gRPC.
const NOTHING: u8 = 0x80 | 19;
/// The beginning of a literal that enters the table under the static name `set-cookie`, as long as `:authority`.
const SET_COOKIE_INDEXED: u8 = 0x40 | 55;

/// Follows a whole header block with the table and changes its `:authority` if it does not parse. A block that is not
/// understood stays as it is; then the table is lost, as it is for h2.
pub(super) fn adapt(block: &mut [u8], table: &mut Table) {
    let Ok(found) = find(block, table) else { return table.lose() };
    for authority in &found {
        change_text(block, &authority.field);
    }
    // Of several, h2 refuses the call whatever they are.
    if let [authority] = found.as_slice()
        && authority.field.is_empty
    {
        change_empty(block, authority);
    }
}

struct Authority {
    field: Field,
    /// The end of the last pseudo-header, if the field can be moved to there: nothing on the way is or enters the
    /// dynamic table.
    can_move_to: Option<usize>,
}

fn find(block: &[u8], table: &mut Table) -> Result<Vec<Authority>, Malformed> {
    let mut fields = Fields::of(block, table);
    let mut found: Vec<Authority> = Vec::new();
    let mut is_static_since = true;
    while let Some(field) = fields.next()? {
        is_static_since &= !field.is_dynamic();
        if let Some(before) = found.last_mut()
            && field.name != Name::Regular
        {
            before.can_move_to = is_static_since.then_some(field.octets.end);
        }
        if field.name == Name::Authority {
            is_static_since = true;
            found.push(Authority { can_move_to: Some(field.octets.end), field });
        }
    }
    Ok(found)
}

/// A value that is in a table was changed, if it had to be, when it entered.
fn change_text(block: &mut [u8], field: &Field) {
    match &field.value {
        Some(Text { octets, coded: false }) => rewrite::raw(&mut block[octets.clone()]),
        Some(Text { octets, coded: true }) => {
            // Its length was counted, so it is in the code.
            let _ = rewrite::coded(&mut block[octets.clone()]);
        }
        None => {}
    }
}

/// There is no text to change, so the field itself is.
fn change_empty(block: &mut [u8], authority: &Authority) {
    if !authority.field.inserts {
        take_out(block, authority.field.octets.clone());
    } else if let Some(end) = authority.can_move_to
        && rename(block, &authority.field)
    {
        // It is another header now, and these must not stand between pseudo-headers.
        let Range { start, end: after } = authority.field.octets.clone();
        block[start..end].rotate_left(after - start);
    }
}

/// Removes a field that enters no table, and fills the end of the block.
fn take_out(block: &mut [u8], field: Range<usize>) {
    let length = field.len();
    block.copy_within(field.end.., field.start);
    let end = block.len() - length;
    block[end..].fill(NOTHING);
}

/// Makes an empty authority that must enter the table another field of the same size, which is no pseudo-header. Not
/// possible where its name is in the dynamic table.
fn rename(block: &mut [u8], field: &Field) -> bool {
    match &field.name_form {
        NameForm::Indexed(1) => block[field.octets.start] = SET_COOKIE_INDEXED,
        NameForm::Indexed(_) => return false,
        // ":authority" to "xauthority": the two characters have codes of 7 bits.
        NameForm::Literal(Text { octets, coded: true }) => huffman::put(&mut block[octets.clone()], 0, b'x'),
        NameForm::Literal(Text { octets, coded: false }) => block[octets.start] = b'x',
    }
    true
}
