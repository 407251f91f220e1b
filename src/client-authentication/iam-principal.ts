/**
 * AWS principals: who API Gateway says has signed the request (SigV4), against the role and user ARNs that were registered.
 * ARNs are taken apart and compared member by member, never by prefix or pattern: a session's name is its caller's choice.
 */
/** A role's path is no part of its identity: STS drops it, and names are unique within an account whatever their path. */
type Role = { readonly partition: string; readonly account: string; readonly name: string };

const ACCOUNT = '([0-9]{12})';
/** Role and user names: IAM's `[\w+=,.@-]+`, at most 64. */
const NAME = '([A-Za-z0-9_+=,.@-]{1,64})';
/** Nothing, or path segments of visible characters, each with its slash. */
const PATH = '(?:[!-.0-~]+/)*';
const PARTITION = '(aws|aws-[a-z-]{1,16})';
const ROLE_ARN = new RegExp(`^arn:${PARTITION}:iam::${ACCOUNT}:role/${PATH}${NAME}$`);
const USER_ARN = new RegExp(`^arn:${PARTITION}:iam::${ACCOUNT}:user/${PATH}${NAME}$`);
/** Session names: `[\w+=,.@-]{2,64}`. */
const ASSUMED_ROLE_ARN = new RegExp(`^arn:${PARTITION}:sts::${ACCOUNT}:assumed-role/${NAME}/([A-Za-z0-9_+=,.@-]{1,64})$`);

/** `arn:aws:iam::111122223333:role/some/path/name`; undefined for everything else. */
export const roleOfArn = (arn: string): Role | undefined => roleFrom(ROLE_ARN.exec(arn));

/** The role behind `arn:aws:sts::111122223333:assumed-role/name/session`; undefined for users, federated users and the root user. */
export const roleOfCaller = (userArn: string): Role | undefined => roleFrom(ASSUMED_ROLE_ARN.exec(userArn));

/** The caller without the name of its session: the same for every session of a role. Other texts stay as they are. */
export const withoutSession = (userArn: string): string =>
  roleOfCaller(userArn) === undefined ? userArn : userArn.slice(0, userArn.lastIndexOf('/'));

export const isUserArn = (arn: string): boolean => USER_ARN.test(arn);

function roleFrom(match: RegExpExecArray | null): Role | undefined {
  const [, partition, account, name] = match ?? [];
  return partition === undefined || account === undefined || name === undefined ? undefined : { partition, account, name };
}

/** @param roleArns registered ones; what is no role's ARN matches nobody. */
export function isOneOfRoles(userArn: string, roleArns: readonly string[]): boolean {
  const caller = roleOfCaller(userArn);
  return caller !== undefined && roleArns.some((arn) => isSameRole(caller, roleOfArn(arn)));
}

const isSameRole = (left: Role, right: Role | undefined): boolean =>
  left.partition === right?.partition && left.account === right.account && left.name === right.name;

/**
 * Whether the caller may manage clients: one of the roles listed, or a user listed as such, with its path, which its ARN keeps.
 * @param administrators undefined = everyone whom IAM lets in.
 */
export function isAdministrator(userArn: string, administrators: readonly string[] | undefined): boolean {
  if (administrators === undefined) return userArn !== '';
  return isOneOfRoles(userArn, administrators) || (isUserArn(userArn) && administrators.includes(userArn));
}
