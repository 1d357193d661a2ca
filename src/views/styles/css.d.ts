/** The text of a style sheet, which the build puts in (esbuild.config.js). */
declare module '*.css' {
  const text: string;
  export default text;
}
