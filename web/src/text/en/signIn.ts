/* SPDX-License-Identifier: Apache-2.0 */
/* The page on which one signs in. */

export const signIn = {
  signIn: {
    title: "Sign in",
    email: "E-mail",
    password: "Password",
    code: "One-time code",
    codeHint: "Eight letters and digits, good for 15 minutes and for one sign-in.",
    button: "Sign in",
    busy: "Signing in",
    toCode: "First time on this machine? Use the one-time code that make run printed:",
    toCodeLink: "enter a code",
    toPassword: "Is a password set for your account?",
    toPasswordLink: "Use e-mail and password",
    codeWhere: "The last line of make run shows it. Every make run makes a new one, and so does:",
    codeCommand: "carrel admin sign-in-code",
    needCode: "Type the code that make run printed.",
    needEmail: "Type your e-mail address.",
    needPassword: "Type your password.",
    badPassword: "E-mail or password is not right.",
    badCode: "This code is not right, was used, or is older than 15 minutes. Make a new one.",
    tooMany: (s: string) => `Too many tries. Wait ${s}, then try again.`,
    ended: "Your sign-in has ended, because it grew old or because you signed out elsewhere. Sign in to go on where you were.",
    art: ["A desk of your own.", "The lamp goes out when you leave."],
  },
};
