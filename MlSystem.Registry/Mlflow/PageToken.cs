using System.Buffers.Text;
using System.Globalization;
using System.Text;

namespace MlSystem.Registry.Mlflow;

/// <summary>Opaque page tokens: the offset of the next page.</summary>
internal static class PageToken
{
    public static int Offset(string? token)
    {
        if (string.IsNullOrEmpty(token))
        {
            return 0;
        }

        return Base64Url.IsValid(token)
            && int.TryParse(Encoding.ASCII.GetString(Base64Url.DecodeFromChars(token)), NumberStyles.None, CultureInfo.InvariantCulture, out var offset)
            ? offset
            : throw MlflowError.Invalid("Invalid page token: use the next_page_token of the previous answer with otherwise the same request.");
    }

    /// <summary>The token of the page behind, or null when the query that asked for one row more than the page holds did not get it.</summary>
    public static string? Next(int offset, int pageSize, int fetched) =>
        fetched <= pageSize ? null : Base64Url.EncodeToString(Encoding.ASCII.GetBytes((offset + pageSize).ToString(CultureInfo.InvariantCulture)));
}
