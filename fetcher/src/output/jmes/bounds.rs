//! What keeps an expression from overflowing the stack and from outgrowing its document.
//!
//! Parser and interpreter recurse once for each operator at most, so operators are counted. Nothing but lists and
//! hashes that an expression makes, and its literals, can make more of a value than there was: their sizes multiplied
//! bound how often a part of the document can be in the result.

use jmespath::ast::Ast;
use jmespath::{Rcvar, Variable};

use super::super::refusal::Refusal;

/// How long an expression may be, in bytes.
const MAX_LENGTH: usize = 4096;

/// How many operators, brackets and dots an expression may have.
const MAX_OPERATORS: usize = 100;

/// How far an index may point, so that no arithmetic over it overflows.
const MAX_INDEX: i32 = 1_000_000;

/// How many bytes of document a result may stand for: each takes some six in memory.
const MAX_GROWTH: usize = 1 << 22;

/// Bounds the text of an expression, before it is parsed.
pub(super) fn check_text(path: &str) -> Result<(), Refusal> {
    let operators = path.bytes().filter(|byte| b".[({|&!*<=>?".contains(byte)).count();
    if path.len() > MAX_LENGTH || operators > MAX_OPERATORS {
        let message = format!("it is longer than {MAX_LENGTH} bytes or has more than {MAX_OPERATORS} operators");
        return Err(Refusal::new(message, "shorten the expression"));
    }
    Ok(())
}

/// Bounds the indices and slices of an expression.
pub(super) fn check_numbers(ast: &Ast) -> Result<(), Refusal> {
    let small = |number: &i32| number.unsigned_abs() <= MAX_INDEX.unsigned_abs();
    let is_fine = match ast {
        Ast::Index { idx, .. } => small(idx),
        Ast::Slice { start, stop, step, .. } => small(step) && [start, stop].into_iter().flatten().all(small),
        _ => true,
    };
    if !is_fine {
        return Err(Refusal::new(format!("an index is beyond {MAX_INDEX}"), "correct the expression"));
    }
    children(ast).into_iter().try_for_each(check_numbers)
}

/// Bounds what an expression can make of a document of `length` bytes.
pub(super) fn check_growth(ast: &Ast, length: usize) -> Result<(), Refusal> {
    if growth(ast).saturating_mul(length) > MAX_GROWTH {
        return Err(Refusal::new("it makes too much of a document of this size", "make fewer lists in the expression"));
    }
    Ok(())
}

fn growth(ast: &Ast) -> usize {
    let own = match ast {
        Ast::MultiList { elements, .. } => elements.len(),
        Ast::MultiHash { elements, .. } => elements.len(),
        Ast::Literal { value, .. } => nodes(value),
        _ => 1,
    };
    children(ast).into_iter().fold(own.max(1), |product, child| product.saturating_mul(growth(child)))
}

fn nodes(value: &Rcvar) -> usize {
    match &**value {
        Variable::Array(items) => 1 + items.iter().map(nodes).sum::<usize>(),
        Variable::Object(members) => 1 + members.values().map(nodes).sum::<usize>(),
        _ => 1,
    }
}

fn children(ast: &Ast) -> Vec<&Ast> {
    match ast {
        Ast::Comparison { lhs, rhs, .. }
        | Ast::Projection { lhs, rhs, .. }
        | Ast::And { lhs, rhs, .. }
        | Ast::Or { lhs, rhs, .. }
        | Ast::Subexpr { lhs, rhs, .. } => vec![lhs, rhs],
        Ast::Condition { predicate, then, .. } => vec![predicate, then],
        Ast::Expref { ast: node, .. }
        | Ast::Flatten { node, .. }
        | Ast::Not { node, .. }
        | Ast::ObjectValues { node, .. } => vec![node],
        Ast::Function { args, .. } => args.iter().collect(),
        Ast::MultiList { elements, .. } => elements.iter().collect(),
        Ast::MultiHash { elements, .. } => elements.iter().map(|pair| &pair.value).collect(),
        Ast::Identity { .. } | Ast::Field { .. } | Ast::Index { .. } | Ast::Literal { .. } | Ast::Slice { .. } => {
            Vec::new()
        }
    }
}
