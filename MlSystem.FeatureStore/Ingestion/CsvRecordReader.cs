using System.Text;

namespace MlSystem.FeatureStore.Ingestion;

/// <summary>
/// Splits CSV (RFC 4180, comma) into records. A malformed record is told and skipped, not thrown: the reader goes on with the next line.
/// Blank lines are no records.
/// </summary>
public sealed class CsvRecordReader(TextReader text)
{
    /// <summary>An unclosed quote would otherwise take the rest of the file into memory; a row of the event log can't be longer anyway.</summary>
    private const int MaxRecordCharacters = 4 * 1024 * 1024;

    private readonly char[] _buffer = new char[32 * 1024];
    private readonly StringBuilder _field = new();
    private readonly List<string> _fields = [];
    private int _position;
    private int _length;
    private int _nextLine = 1;
    private int _characters;
    private bool _afterCarriageReturn;
    private State _state;

    private enum State
    {
        FieldStart,
        Unquoted,
        Quoted,
        AfterQuote,
    }

    /// <summary>The line on which the record begins, from 1.</summary>
    public int Line { get; private set; }

    public IReadOnlyList<string> Fields => _fields;

    /// <summary>What is wrong with the record, or null.</summary>
    public string? Malformed { get; private set; }

    /// <summary>Goes to the next record.</summary>
    /// <returns>False at the end.</returns>
    public async ValueTask<bool> ReadAsync(CancellationToken cancellationToken)
    {
        Begin();
        while (true)
        {
            if (_position == _length)
            {
                (_position, _length) = (0, await text.ReadAsync(_buffer, cancellationToken));
                if (_length == 0)
                {
                    return EndOfFile();
                }
            }

            while (_position < _length)
            {
                if (Take(_buffer[_position++]))
                {
                    return true;
                }
            }
        }
    }

    private void Begin()
    {
        _fields.Clear();
        _field.Clear();
        _state = State.FieldStart;
        _characters = 0;
        Malformed = null;
        Line = _nextLine;
    }

    private bool EndOfFile()
    {
        if (_state == State.Quoted)
        {
            Malformed = "a quoted value does not end";
        }

        return (_fields.Count > 0 || _field.Length > 0 || _state != State.FieldStart) && EndRecord();
    }

    /// <returns>True when the record is complete.</returns>
    private bool Take(char c)
    {
        var secondHalf = c == '\n' && _afterCarriageReturn;
        _afterCarriageReturn = c == '\r';
        _nextLine += c == '\r' || (c == '\n' && !secondHalf) ? 1 : 0;
        if (_state == State.Quoted)
        {
            TakeQuoted(c);
            return false;
        }

        if (secondHalf)
        {
            Line = _fields.Count == 0 && _state == State.FieldStart ? _nextLine : Line;
            return false;
        }

        switch (c)
        {
            case '\r' or '\n':
                return EndLine();
            case ',':
                EndField();
                return false;
            case '"':
                TakeQuote();
                return false;
            default:
                TakeOther(c);
                return false;
        }
    }

    private void TakeQuoted(char c)
    {
        if (c == '"')
        {
            _state = State.AfterQuote;
        }
        else
        {
            Append(c);
        }
    }

    private void TakeQuote()
    {
        switch (_state)
        {
            case State.FieldStart:
                _state = State.Quoted;
                break;
            case State.AfterQuote:
                _state = State.Quoted;
                Append('"');
                break;
            default:
                Malformed = "a quote stands inside an unquoted value";
                break;
        }
    }

    private void TakeOther(char c)
    {
        if (_state == State.AfterQuote)
        {
            Malformed = "characters follow a quoted value";
        }

        _state = _state == State.FieldStart ? State.Unquoted : _state;
        Append(c);
    }

    private void Append(char c)
    {
        if (++_characters > MaxRecordCharacters)
        {
            Malformed = $"the row is longer than {MaxRecordCharacters} characters; is a quote not closed?";
            return;
        }

        _field.Append(c);
    }

    private bool EndLine()
    {
        if (_fields.Count == 0 && _state == State.FieldStart)
        {
            Line = _nextLine;
            return false;
        }

        return EndRecord();
    }

    private bool EndRecord()
    {
        EndField();
        return true;
    }

    private void EndField()
    {
        _fields.Add(_field.ToString());
        _field.Clear();
        _state = State.FieldStart;
    }
}
