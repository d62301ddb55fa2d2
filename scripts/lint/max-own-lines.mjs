// A function may have 40 lines of its own. ESLint's max-lines-per-function counts nested functions twice, which
// forbids the plainest form of an adapter here: a factory whose methods share what it was given. Each method is
// judged by itself; what is left of the factory is judged as well.

const functions = 'FunctionDeclaration, FunctionExpression, ArrowFunctionExpression';

export const maxOwnLines = {
  meta: {
    type: 'suggestion',
    schema: [
      { type: 'object', properties: { max: { type: 'integer', minimum: 1 } }, additionalProperties: false },
    ],
    messages: {
      tooLong: 'This function has {{lines}} lines of its own, {{max}} are allowed: a concept is missing.',
    },
  },
  create(context) {
    const max = context.options[0]?.max ?? 40;
    const code = linesWithCode(context.sourceCode);
    const open = [];
    return {
      [functions]: () => open.push(0),
      [`:matches(${functions}):exit`](node) {
        const nested = open.pop();
        const all = code.filter((line) => line >= node.loc.start.line && line <= node.loc.end.line).length;
        const own = all - nested;
        if (own > max) context.report({ node, messageId: 'tooLong', data: { lines: own, max } });
        // A nested function on a line of its caller takes nothing away from it.
        if (open.length > 0) open[open.length - 1] += Math.max(0, all - 2);
      },
    };
  },
};

/** Numbers of the lines that hold more than a comment or nothing. */
function linesWithCode({ ast }) {
  const lines = new Set();
  for (const token of ast.tokens) {
    for (let line = token.loc.start.line; line <= token.loc.end.line; line += 1) lines.add(line);
  }
  return [...lines];
}
