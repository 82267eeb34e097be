import { getRuntime } from '../../runtime.ts';
import { Card, Empty } from './card.tsx';

interface Completion {
  model: string;
  text: string;
  usage: { totalTokens: number };
}

export function Ask({ prompt }: { prompt: string }) {
  const { openaiService } = getRuntime();
  const question = prompt.trim();
  return (
    <Card
      title="Ask"
      load={async () =>
        question
          ? openaiService.post<Completion>('/api/openai/completions', { prompt: question })
          : undefined
      }
      show={(completion) =>
        completion ? (
          <Answer {...completion} />
        ) : (
          <Empty text="Ask the model that the agents use." />
        )
      }
    >
      <form action="/">
        <input name="ask" placeholder="Question" aria-label="Question" maxLength={2000} required />
        <button>Ask</button>
      </form>
    </Card>
  );
}

function Answer({ text, model, usage }: Completion) {
  return (
    <>
      <p>{text}</p>
      <p className="faint">
        {model} · {usage.totalTokens} tokens
      </p>
    </>
  );
}
