//! One header block: finds its `:authority` and makes it one that h2 accepts, without changing the block's length.

use std::ops::Range;

use super::hpack::{Field, Fields, Malformed, NameForm, Text};
use super::table::{Name, Table};
use super::{huffman, rewrite};

/// `accept: ""`, the index 19 of the static table in one octet: means nothing to gRPC.
const NOTHING: u8 = 0x80 | 19;
/// A literal with indexing under the static name `:authority`, and under `set-cookie`, which is as long.
const AUTHORITY_INDEXED: u8 = 0x40 | 1;
const SET_COOKIE_INDEXED: u8 = 0x40 | 55;

/// Follows a whole header block with the table and changes its `:authority` if it does not parse. A block that is not
/// understood stays as it is; then the table is lost, as it is for h2.
pub(super) fn adapt(block: &mut [u8], table: &mut Table) {
    match find(block, table) {
        Ok(Some((field, is_last_pseudo))) => change(block, &field, is_last_pseudo),
        Ok(None) => {}
        Err(Malformed) => table.lose(),
    }
}

/// The block's authority, and whether no pseudo-header follows it; none as well if there are several, which h2 refuses.
fn find(block: &[u8], table: &mut Table) -> Result<Option<(Field, bool)>, Malformed> {
    let mut fields = Fields::of(block, table);
    let mut found: Option<(Field, bool)> = None;
    let mut several = false;
    while let Some(field) = fields.next()? {
        if field.name != Name::Regular
            && let Some((_, is_last_pseudo)) = &mut found
        {
            *is_last_pseudo = false;
        }
        if field.name == Name::Authority {
            several |= found.is_some();
            found = Some((field, true));
        }
    }
    Ok(found.filter(|_| !several))
}

fn change(block: &mut [u8], field: &Field, is_last_pseudo: bool) {
    match &field.value {
        _ if field.is_empty && !field.inserts => take_out(block, field.octets.clone()),
        _ if field.is_empty => {
            if is_last_pseudo {
                rename(block, field);
            }
        }
        Some(Text { octets, coded: false }) => rewrite::raw(&mut block[octets.clone()]),
        Some(Text { octets, coded: true }) => {
            // Its length was counted, so it is in the code.
            let _ = rewrite::coded(&mut block[octets.clone()]);
        }
        // An entry that was changed when it entered the table.
        None => {}
    }
}

/// Removes a field that enters no table, and fills the end of the block.
fn take_out(block: &mut [u8], field: Range<usize>) {
    let length = field.len();
    block.copy_within(field.end.., field.start);
    let end = block.len() - length;
    block[end..].fill(NOTHING);
}

/// Makes an empty authority that must enter the table another field of the same size, which is no pseudo-header.
fn rename(block: &mut [u8], field: &Field) {
    match &field.name_form {
        NameForm::Indexed(1) => {
            let first = &mut block[field.octets.start];
            debug_assert_eq!(*first, AUTHORITY_INDEXED);
            *first = SET_COOKIE_INDEXED;
        }
        NameForm::Indexed(_) => {}
        // ":authority" to "xauthority": the two characters have codes of 7 bits.
        NameForm::Literal(Text { octets, coded: true }) => huffman::put(&mut block[octets.clone()], 0, b'x'),
        NameForm::Literal(Text { octets, coded: false }) => block[octets.start] = b'x',
    }
}
