import { Component, type ReactNode } from 'react';
import { Failure } from './states.js';

/** Shows what went wrong in a page instead of an empty window. */
export class ErrorBoundary extends Component<{ children: ReactNode }, { error: Error | null }> {
  override state = { error: null };
  static getDerivedStateFromError(error: Error) {
    return { error };
  }
  override render() {
    return this.state.error === null ? this.props.children : <Failure error={this.state.error} />;
  }
}
