// What runs: functions, routes, audit trail and alarms. It can be deployed anew at any time without losing anything.
import { Construct } from 'constructs';
import { alarmTopicFor } from './alarm-topic.ts';
import { Alarms } from './alarms.ts';
import { AuditTrail } from './audit-trail.ts';
import { AuthFunctions } from './auth-functions.ts';
import type { AuthState } from './auth-state.ts';
import { IssuerRoutes } from './issuer-routes.ts';
import type { Settings } from './settings.ts';

export interface AuthServiceProps {
  readonly state: AuthState;
  readonly settings: Settings;
}

export class AuthService extends Construct {
  readonly functions: AuthFunctions;

  constructor(scope: Construct, id: string, { state, settings }: AuthServiceProps) {
    super(scope, id);
    this.functions = new AuthFunctions(this, 'Functions', { state, settings });
    const { throttling, logRetention } = settings;
    new IssuerRoutes(this, 'Routes', { api: state.api, functions: this.functions, throttling, logRetention });
    this.watch({ state, settings });
  }

  private watch({ state: { table, streamArn, api }, settings }: AuthServiceProps): void {
    const { auditRetention: retention, auditArchive: archive } = settings;
    const audit = new AuditTrail(this, 'Audit', { streamArn, retention, ...(archive && { archive }) });
    const topic = alarmTopicFor(this, settings);
    if (topic) audit.notifyOfReuse(topic);
    new Alarms(this, 'Alarms', { functions: this.functions, audit, apiId: api.apiId, tableName: table.tableName, streamArn, topic });
  }
}
