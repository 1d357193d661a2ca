import { faultOfImport, pathInHouse } from './rooms.js';

/** Every import and re-export stays in its room or leads to a lower floor of rooms.json. */
const imports = {
  create(context) {
    const path = pathInHouse(context.filename);
    if (!/^(?:src|migrations|packages)\//.test(path)) return {};
    const check = (node) => {
      const specifier = node.source?.value;
      const fault = typeof specifier === 'string' ? faultOfImport(path, specifier) : undefined;
      if (fault) context.report({ node, message: fault });
    };
    return {
      ImportDeclaration: check,
      ImportExpression: check,
      ExportNamedDeclaration: check,
      ExportAllDeclaration: check,
    };
  },
};

export default { meta: { name: 'rooms' }, rules: { imports } };
