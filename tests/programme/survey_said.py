"""What owners write at a question, and what it means. A meaning is an option's value, a frozenset of options between
which to ask, a list (several answers), NOTHING (no answer to this question), or what is wrong with a number.

SAID was written while the rules were; HELD_OUT was written before and is only for judging them: never tune to it.
"""

from __future__ import annotations

NOTHING, NO_SUCH_NUMBER, TOO_MANY = "nothing", "no_such_number", "too_many"
Meaning = int | str | frozenset[int | str] | tuple[str, ...]


def between(*values: int | str) -> frozenset[int | str]:
    return frozenset(values)


SAID: dict[str, dict[Meaning, str]] = {
    "CONSENT": {
        "yes_contact": "1 | a | đồng ý, được liên hệ | dong y duoc lien he | đồng ý cho người ta gọi | cứ gọi cho tôi nhé",
        "yes_only": "2 | dong y nhung dung goi | đồng ý nhưng đừng gọi | lưu thôi đừng gọi nhé | ko muốn ai gọi"
        " | dung goi cho toi | đừng gọi cho tôi",
        "no": "3 | ko đồng ý | không đồng ý đâu | khong dong y | từ chối | thôi khỏi lưu | đừng lưu | toi ko dong y",
        between("yes_contact", "yes_only"): "đồng ý | dong y | tôi đồng ý nhé | đồng ý ạ | dạ em đồng ý",
        NOTHING: "có mất tiền không | lưu để làm gì | lưu ở đâu | ai được xem | bao giờ xong | alo | ừm | để hỏi chồng đã",
    },
    "FORM": {
        "full": "1 | đầy đủ | bản đầy đủ đi | day du | làm bản dài",
        "core": "2 | ngắn thôi | rút gọn | rut gon | ban ngan | bản rút gọn nhé | rút gọn 12 câu | hai",
        NOTHING: "bản nào nhanh hơn | mất bao lâu | là sao",
    },
    "P04": {
        "thai_nguyen": "1 | Thái Nguyên | thai nguyen | tỉnh Thái Nguyên | ở Thái Nguyên em ạ | quầy ở Bắc Cạn",
        "thanh_hoa": "2 | thanh hoa | Thanh Hoá | xứ Thanh | toi o thanh hoa | tỉnh thanh",
        "other": "tinh khac | nơi khác",
        NOTHING: "chung tôi ở chợ | vnpt phụ trách xã nào | không phải thái nguyên",
    },
    "P08": {
        "retail": "bán lẻ | ban le thoi | bán lẻ là chính em ạ | tôi bán lẻ ở chợ",
        between("retail", "both"): "lẻ thôi",
        "wholesale": "bỏ mối | đổ buôn | ban si | bán buôn là chính | 2",
        "both": "cả hai | ca 2 | vừa buôn vừa lẻ | vua le vua buon | cả lẻ cả buôn",
        NOTHING: "bán buôn là gì | tôi bán rau",
    },
    "P09": {
        "w1": "1 | một mình | mot minh | có mình tôi thôi | 1 mình tôi | 1 người | tự bán cả",
        "w2_3": "2 | 2 người | hai vợ chồng | 2 vợ chồng | 3 nguoi | hai mẹ con | 2-3 người | hai người thôi",
        "w4_9": "5 | 5 người | 4 5 người | khoảng 6 người | bốn người | 7",
        "w10": "10 người | hơn mười người | 12 nguoi | 15 | chục người",
        between("w2_3", "w4_9"): "3",
        between("w4_9", "w10"): "4",
        NO_SUCH_NUMBER: "0",
        NOTHING: "đang ế lắm | mấy người cũng được à | 0912345678 | sao hỏi nhiều thế",
    },
    "P10": {
        "le_1b": "1 | dưới 1 tỷ | duoi 1 ty | chưa tới 1 tỷ | chua den 1 ty | mấy trăm triệu | khoảng vài trăm triệu",
        "b1_3": "2 | 2 tỷ | khoang 2 ty | hơn 1 tỷ | 1 tỷ rưỡi | độ hai tỷ",
        "b3_50": "hơn 3 tỷ | chục tỷ | trên 3 đến 50 tỷ | năm bảy tỷ",
        "gt_50": "trên 50 tỷ | hon 50 ty",
        "unknown": "không biết | ko nhớ | khong ro | không tiện nói | chịu không biết",
        NOTHING: "3,2 tỷ | 15 tỷ | dưới 2 tỷ | hỏi làm gì | không phải 2 tỷ | 500 triệu một tháng",
    },
    "P11": {
        "yes": "co roi | có rồi | có giấy rồi | 1 | làm giấy rồi | có | co | đăng ký rồi em ạ | được cấp rồi | có đủ giấy tờ"
        " | có rồi nhé | a",
        "applying": "đang làm | dang lam | tôi đang làm | đang xin | nộp hồ sơ rồi | đang chờ cấp",
        "no": "chua co | chưa có | chưa | chua | chưa có giấy | ko có giấy | chưa đăng ký | chưa có em ạ | chưa làm giấy"
        " | tôi chưa đăng ký | chua co dau",
        "company": "là công ty | công ty TNHH | tôi là cty | cty | toi la doanh nghiep",
        "unknown": "không biết | ko rõ | không rõ lắm | khong nho | 5",
        between("no", "unknown"): "không | ko | khong",
        NOTHING: "giấy gì | xin giấy ở đâu | có cần không | làm giấy mất bao nhiêu tiền | có mất phí không | đợi tí | alo em",
        NO_SUCH_NUMBER: "6 | 9",
        TOO_MANY: "1 2 | 1 và 3 | 1,2",
    },
    "P12": {
        "declare_quarter": "khai theo quý | tự khai theo quý | nop hang quy | ba tháng khai một lần | 3 tháng khai 1 lần",
        "notice_year": "một năm báo một lần | báo doanh thu cả năm | không phải nộp thuế",
        "platform_withheld": "sàn trừ rồi | shopee trừ thuế | sàn nộp hộ",
        "not_registered": "chưa đăng ký thuế | chua khai bao gio | chưa có mã số thuế | chưa có mst",
        "unknown": "không rõ | ko biết | không nắm được",
        NOTHING: "thuế bao nhiêu phần trăm | khai thế nào | nộp ở đâu",
    },
    "P13": {
        (
            "none",
        ): "chưa dùng | chua dung | không dùng gì | ko dung phan mem | ghi sổ thôi | chưa có cái nào | tôi chưa dùng phần mềm nào",
        ("misa_eshop",): "MISA | mi sa | tôi dùng misa | dùng misa eshop",
        ("sapo", "misa_eshop"): "misa và sapo | 4 6 | 4,6 | 4 và 6 | sapo, misa | dùng cả misa lẫn sapo",
        ("sapo",): "sapo | không dùng misa, dùng sapo | bên sapo | 6",
        ("other",): "kiotviet | dùng kiotviet | khác | phần mềm khác",
        ("vnpt_hkd",): "vnpt | của vnpt | dùng của vnpt",
        NOTHING: "không dùng misa | vnpt phụ trách xã nào | misa bao nhiêu tiền | muốn dùng misa | trước dùng sapo | định mua kiotviet",
        NO_SUCH_NUMBER: "9 | 1 9",
    },
    "P14": {
        "lt30": "dưới 30 | 25 tuổi | 29",
        "a30_44": "35 | 40 tuổi | ba mấy tuổi | 30-44 | em 42 tuoi",
        "a45_59": "57 | 57 tuổi | 50 tuoi | năm mươi mấy | bác 57 tuổi rồi",
        "ge60": "60 | 65 tuổi | trên 60 | ngoài sáu mươi | 71",
        "na": "không nói | không tiện nói | khong muon noi",
        NOTHING: "1970 | sinh năm 1970 | hỏi tuổi làm gì",
    },
    "CN01": {
        0: "chưa dùng máy gì | chua dung may gi | không có máy | ko có máy gì | điện thoại cục gạch | chẳng có máy gì cả | 1",
        1: "có điện thoại thông minh | có smartphone thôi | điện thoại ít dùng bán hàng",
        2: "dùng điện thoại hằng ngày | ngay nao cung dung dien thoai | bán hàng bằng điện thoại",
        3: "có máy in bill | có cái máy tính | thêm máy in | dùng ipad | co laptop",
        4: "đủ bộ | máy tính tiền | có máy pos | dùng máy bấm tiền | đầy đủ máy móc rồi",
        NOTHING: "chưa có máy in | chưa có máy tính | không có máy pos | không có máy quét | máy pos mua ở đâu | muốn mua máy pos"
        " | máy in giá bao nhiêu | định mua laptop | sắp mua máy in | máy quét thì chưa có | làm gì có laptop"
        " | chưa bao giờ dùng máy tính tiền",
    },
    "CN02": {
        0: "không ghi | ko ghi gì | khong ghi chep gi | nhớ trong đầu | nho trong dau | chẳng ghi gì | nhớ nhẩm thôi | tui k ghi"
        " | bán xong thôi | tôi nhớ trong đầu thôi | nỏ ghi | không ghi đâu",
        1: "ghi so giay thoi | tui ghi vở | ghi sổ | ghi vào sổ | viết sổ em ạ | ghi ra giấy | ghi vao vo | toàn ghi sổ giấy"
        " | không dùng phần mềm, ghi sổ giấy thôi | ghi sổ tay nhé | dạ ghi sổ giấy ạ | ghi sỏ giấy",
        2: "ghi dien thoai | ghi trên điện thoại | excel | ghi vào zalo | nhập bảng tính",
        3: "chỉ bấm đơn to | lúc bấm máy lúc không | có phần mềm nhưng ít bấm",
        4: "phần mềm mọi đơn | tất cả qua phần mềm | đơn nào cũng bấm máy | bam may het | bán gì cũng quét | 5",
        between(3, 4): "phần mềm | phan mem | phần mềm bán hàng | dung phan mem ban hang | phan mem ban hang het",
        NO_SUCH_NUMBER: "6 | số 7",
        TOO_MANY: "2 hoặc 3 | 1 2 3",
        NOTHING: "không dùng phần mềm | chưa dùng phần mềm bán hàng | phần mềm thì không | không có phần mềm bán hàng"
        " | phần mềm nào tốt | bao giờ xong | QR là gì | vnpt phụ trách xã nào | còn mấy câu nữa | có phải ghi không"
        " | không ghi sổ giấy nữa | tôi bán rau ở chợ | em tên gì | ghi sổ giấy có được không | trước tôi ghi sổ giấy"
        " | con tôi ghi trên điện thoại",
    },
    "CN03": {
        0: "hết mới biết | hết hàng mới biết | hết thì nhập | khách hỏi mới biết",
        1: "nhìn kệ | nhin ke ang chung | ước lượng thôi | nhìn qua là biết | đoán chừng",
        2: "đếm tay | lâu lâu đếm | đếm rồi ghi sổ",
        3: "phần mềm hay lệch | máy báo hay sai",
        4: "máy tự trừ | phần mềm báo đúng | tự trừ kho",
        between(3, 4): "phần mềm | xem phần mềm | xem trên phần mềm",
        NOTHING: "không xem phần mềm | hàng còn nhiều lắm | nhập hàng ở đâu",
    },
    "CN04": {
        0: "0 | toan tien mat | toàn tiền mặt | tiền mặt thôi | không ai quét | không có | ko có ai | không có khách nào | nỏ có ai"
        " | chỉ nhận tiền mặt | không khách nào | 0 khách",
        1: "2 | 2 khách | 1 khach | một hai người | lác đác | 1-2 | khoảng 2 người | 2 khách thôi | được 2 khách | một vài khách",
        2: "3 khach | 3 khách | 3 4 khách | ba bốn người | 3-4 | khoảng ba khách | chừng 4 khách | 3/10 | ba khách | 30%",
        3: "khoang 5 6 khach | 6 khách | 5-6 người | một nửa | quá nửa | 7 khách em ạ | năm sáu khách | 5 6 | 6 trên 10",
        4: "8 khách | hầu hết | 10 | 9 người | khách nào cũng quét | tám chín khách | 9/10 | 8 khách trở lên | 100%",
        between(0, 1): "1",
        between(1, 2): "2-3 khách | 2 3 khach",
        between(3, 4): "5-8 khách",
        between(2, 3): "4 | 4-5 khách",
        NOTHING: "QR là gì | mã qr là chi | bao giờ xong | khách nào | 0912345678 | chuyển khoản có mất phí không | 15/3"
        " | khách đang đông | không nhớ | có làm mã qr cho tôi không | tiền mặt là gì | tôi muốn làm mã QR",
        TOO_MANY: "1 hoặc 2",
        NO_SUCH_NUMBER: "số 9",
    },
    "CN05": {
        0: "khách giơ máy cho xem | nhìn máy khách | xem điện thoại khách | tin khách thôi",
        1: "tối về mới xem | cuối ngày mới xem | cuoi ngay xem | tối mới kiểm tra",
        2: "mở app xem | mo app ngan hang | vào app kiểm tra | lần nào cũng mở app",
        3: "có loa báo | loa ting ting | loa báo tiền | co loa bao tien | tin nhắn ngân hàng",
        4: "máy tự khớp | mỗi đơn một mã",
        NOTHING: "không có loa | chưa có loa báo tiền | loa bao nhiêu tiền | loa mua ở đâu | không mở app | tôi muốn mua loa | loa thì chưa có",
    },
    "CN06": {
        0: "không có tài khoản | chưa mở tài khoản | khong co tai khoan | chưa có tài khoản ngân hàng",
        1: "của con | tài khoản của con | tài khoản của con gái | của vợ | của chồng | nhờ con nhận hộ",
        2: "dùng chung hết | lẫn với tiền nhà | chung với chi tiêu",
        3: "tài khoản riêng để bán | tách riêng rồi | riêng cho bán hàng",
        4: "tên hộ kinh doanh | tài khoản hộ kinh doanh | tai khoan hkd | tên hộ",
        NOTHING: "không có tài khoản hộ kinh doanh | mở tài khoản ở đâu | chưa có tài khoản riêng | không phải của con",
    },
    "CN07": {
        0: "chưa biết là gì | không biết là gì | chua nghe bao gio | mù tịt",
        1: "biết mà chưa đăng ký | nghe nói thôi | nghe rồi chưa làm | chưa đăng ký",
        2: "đăng ký rồi để đó | chưa xuất cái nào | đăng ký xong chưa dùng",
        3: "khách hỏi thì xuất | xuất khi khách hỏi | khach can moi xuat | tối mới xuất",
        4: "đơn nào cũng xuất | xuất ngay từng đơn | ban la xuat luon",
        "NA": "không cần hóa đơn | khong can hoa don | 6 | khách không cần hóa đơn",
        NOTHING: "hóa đơn điện tử là gì | hóa đơn điện tử bắt buộc chưa | có bắt buộc không | không xuất | đăng ký ở đâu | phạt bao nhiêu",
    },
    "CN08": {
        0: "không biết khai | chưa biết phải làm gì | chưa khai bao giờ",
        1: "ra thuế nộp giấy | lên xã nhờ | mang giấy ra thuế | ra cơ quan thuế",
        2: "con khai cho | nhờ con cháu | thuê kế toán | cháu làm giúp | nho con chau lam",
        3: "tự khai | tự khai trên điện thoại | tự làm etax | khai trên etax | tự mình làm",
        4: "phần mềm lo hết | phần mềm tính sẵn | máy tính sẵn",
        NOTHING: "không tự khai | con tôi tự khai trên điện thoại | etax tải ở đâu | khai thuế thế nào | không biết dùng etax",
    },
    "CN09": {
        0: "không | ko | ko ban online | không bán qua mạng | chưa bán trên mạng | chỉ bán tại quầy | khong ban | không bán online đâu"
        " | bán ở chợ thôi | chưa",
        1: "khách quen gọi đặt | nhận đặt qua zalo | chi nhan dat qua zalo | gọi điện đặt | mấy khách quen nhắn",
        2: "thỉnh thoảng đăng | lâu lâu đăng | thinh thoang | rảnh mới đăng",
        3: "đăng thường xuyên | ngày nào cũng đăng | có gian hàng shopee | hay livestream | có tiktok shop",
        4: "đa kênh | bán nhiều nơi | nhiều kênh",
        between(1, 2): "co ban tren zalo",
        NOTHING: "có | có bán | không có gian hàng shopee | chưa livestream bao giờ | bán online có mất thuế không"
        " | muốn bán online | định làm tiktok shop | không đăng thường xuyên | có gian hàng shopee đâu | nó bán trên zalo"
        " | facebook là gì | shopee thu phí bao nhiêu | con gái tôi hay livestream",
    },
    "CN10": {
        0: "0 | hầu như không có | không đơn nào | chẳng có đơn",
        1: "một đơn | 1 đơn",
        2: "2 đơn | 2-3 đơn | hai ba đơn | 3 đơn",
        3: "4 đơn | năm đơn | 5 don | gần nửa",
        4: "6 đơn | 7 đơn | hơn 5 đơn | trên 5 đơn | quá nửa | 10",
        between(0, 1): "1",
        NOTHING: "đơn gì | không nhớ được",
    },
    "CN11": {
        0: "quên trả lời | hay bị sót | mai mới trả lời",
        1: "tự đi ship | trả lời trong ngày | tự chở cho khách",
        2: "trả lời ngay | có bảng giá sẵn",
        3: "gửi bưu điện | gọi shipper | có đơn vị giao hàng",
        4: "máy tự trả lời | chatbot trả lời",
        NOTHING: "không gửi bưu điện | ship bao nhiêu tiền | không có shipper",
    },
    "CN12": {
        0: "không | không thấy | khong thay dau | tìm không ra | chưa có gì | không có trên mạng | chưa có",
        1: "có facebook | có zalo | co trang zalo | có fanpage",
        2: "có trên google maps | có trên bản đồ",
        3: "có trang web | có web | co website",
        4: "có tên miền riêng | web đuôi .vn | có tên miền biz.vn",
        NOTHING: "tên miền là gì | chưa có trang web | không có web | không có facebook | tên miền bao nhiêu tiền | làm web ở đâu"
        " | có zalo nhưng không có web",
    },
    "CN13": {
        0: "chưa nghe bao giờ | chưa nghe | không biết AI là gì | nỏ biết là chi",
        1: "có nghe chưa dùng | nghe nói thôi | biết mà chưa dùng",
        2: "dùng thử rồi | thử vài lần | thu 1 2 lan",
        3: "thỉnh thoảng dùng | lâu lâu dùng | lúc dùng lúc không",
        4: "tuần nào cũng dùng | dùng thường xuyên | ngay nao cung dung",
        between(0, 1): "chưa | không | ko",
        NOTHING: "AI là gì | ai là gì thế | có tốn tiền không | không dùng thường xuyên | có",
    },
    "NL01": {
        0: "không cần | ko cần | thấy không cần | già rồi thôi",
        between(0, 2): "khong",
        1: "muốn nhưng ngại | sợ khó | muốn mà sợ | ngại lắm",
        2: "chưa biết bắt đầu từ đâu | muốn làm chưa biết bắt đầu | không biết bắt đầu",
        3: "định mua máy in | có kế hoạch rồi | sắp làm",
        4: "đang làm rồi | có để dành tiền | bỏ tiền ra rồi",
        NOTHING: "không định mua máy in | chưa có kế hoạch | nên mua máy gì | có được hỗ trợ tiền không",
    },
    "NL02": {
        0: "chỉ nghe gọi | nghe gọi thôi | chi goi thoi | không biết dùng",
        1: "nhắn zalo | xem youtube | nhắn zalo xem phim | xem tiktok",
        2: "tự chuyển khoản | chuyển tiền được | tu chuyen khoan duoc | tu ck",
        3: "biết dùng phần mềm | tự đăng bán | biết livestream",
        4: "dạy được người khác | rành lắm | chỉ được cho người khác",
        NOTHING: "không biết chuyển khoản | không biết livestream | chưa biết dùng phần mềm bán hàng | con tôi dùng phần mềm bán hàng"
        " | ai dạy cho tôi | không dùng phần mềm bán hàng",
    },
    "NL03": {
        0: "không ai biết | không ai dùng được | khong ai dung duoc dau | chẳng ai biết",
        1: "biết sơ sơ | biết chút ít",
        2: "một người dùng được | 1 người dùng được | con tôi dùng được | có một đứa biết",
        3: "đa số biết | phần lớn dùng được | nhiều người biết",
        4: "ai cũng biết | cả nhà dùng được | ai cũng dùng được",
        NOTHING: "dạy cho người làm thế nào | người làm nghỉ rồi",
    },
    "NL04": {
        0: "chưa học bao giờ | chưa ai chỉ | không biết có lớp",
        1: "biết nhưng chưa đi | bận không đi được | có nghe mà chưa đi",
        2: "một lần thôi | học 1 buổi | được chỉ 1 lần | một lần | 1 lần",
        3: "2 lần rồi | mấy lần rồi | vài lần | hai ba lần | 2 lan",
        4: "học xong làm được | áp dụng rồi",
        between(0, 1): "chưa | không",
        NOTHING: "lớp ở đâu | bao giờ có lớp | muốn đi học | học mất tiền không | chưa áp dụng được",
    },
    "NL05": {
        0: "không biết hỏi ai | chịu thôi | bỏ luôn | không có ai để hỏi",
        1: "hỏi con | nhờ con | hỏi cháu | hỏi con cháu thôi",
        2: "hỏi tổ công nghệ | ra phường hỏi | hỏi cán bộ xã",
        3: "gọi tổng đài | gọi ngân hàng | gọi nhà cung cấp",
        4: "tự sửa được | tự mày mò | hỏng đâu tự sửa | tự sửa",
        NOTHING: "không tự sửa được | tổng đài số mấy | gọi ai bây giờ | không gọi tổng đài",
    },
    "NL06": {
        0: "làm theo | đọc mã cho họ | tin luôn",
        1: "hỏi người nhà | hỏi con đã | phân vân",
        2: "cup may luon | cúp máy | dập máy | tắt máy luôn | kệ họ | cúp luôn",
        3: "gọi lại tổng đài | cúp máy gọi lại số chính thức | cúp máy gọi lại | gọi ngân hàng hỏi lại",
        4: "báo công an | chặn số | chặn luôn rồi báo công an | chan so",
        NOTHING: "không làm theo | không đọc mã cho họ | OTP là gì | không tin luôn | tôi bị gọi rồi | không bao giờ đọc mã cho họ"
        " | báo công an số nào | không cúp máy | chẳng làm theo đâu",
    },
    "DL01": {
        0: "nhớ trong đầu | thuộc lòng | nhớ hết | toi nho het",
        1: "dán giá | ghi sổ | dán tem giá | ghi so dan gia",
        2: "có excel | mới nhập một ít | trên máy một phần",
        3: "gần đủ | nhập gần hết | gan du tren phan mem",
        4: "nhập hết rồi | đủ cả mã vạch",
        NOTHING: "chưa nhập hết | không nhớ hết | nhập ở đâu | mã vạch là gì | không có excel",
    },
    "DL02": {
        0: "không lưu | ko lưu gì | chẳng lưu | khách vãng lai thôi",
        1: "nhớ mặt | nhớ mặt thôi | quen mặt | nho mat nho ten",
        2: "lưu danh bạ | có nhóm zalo | kết bạn zalo | lưu số điện thoại",
        3: "lưu trong phần mềm | phan mem co ten khach",
        4: "có tích điểm | giảm giá khách quen | có thẻ thành viên",
        NOTHING: "không lưu danh bạ | chưa có nhóm zalo | không có tích điểm | tích điểm là sao | lưu thế nào",
    },
    "DL03": {
        0: "không theo dõi | không ghi chép | ko theo doi gi",
        1: "ghi sổ nợ | chỉ ghi nợ | ghi so no thoi | sổ nợ thôi",
        2: "có sổ thu chi | ghi hết vào sổ | ghi sổ cả thu chi",
        3: "vừa sổ vừa máy | trên máy một phần",
        4: "tất cả trên phần mềm | phần mềm ghi hết | đủ trên phần mềm",
        NOTHING: "không ghi sổ nợ | khách nợ nhiều lắm | không có sổ thu chi | nợ thì đòi thế nào",
    },
    "DL04": {
        0: "theo kinh nghiệm | quen tay | theo cảm tính | không | không xem",
        1: "cộng sổ | lúc cần mới cộng | cong so khi can",
        2: "tối cộng tiền | xem tiền hằng ngày | xem doanh thu cuối ngày",
        3: "xem lãi lỗ | biết hàng nào chạy | xem hàng ế | xem hang chay",
        4: "nhìn số mới nhập | nhập theo báo cáo",
        NOTHING: "không xem lãi lỗ | không biết hàng nào chạy | lãi bao nhiêu",
    },
    "DL05": {
        0: "mất hết | mất sạch | không còn gì | mat het a",
        1: "chắc mất nhiều | mất phần lớn | không đặt mật khẩu",
        2: "có khóa máy | có mật khẩu máy | khóa bằng vân tay",
        between(3, 4): "lưu trên mạng",
        3: "lưu đám mây | lưu trên google | đổi máy vẫn còn",
        4: "khóa hai lớp | bảo mật 2 lớp | khoa 2 lop",
        NOTHING: "không mất hết | không lưu trên mạng | chưa khóa hai lớp | không có khóa máy | đám mây là gì | không có mật khẩu máy",
    },
    "K01": {
        ("money",): "thiếu tiền | không có tiền | sợ tốn | 1",
        ("skill",): "không biết dùng | mù công nghệ | ko biết làm",
        ("tax_fear", "scam_fear"): "sợ thuế, sợ bị lừa | 5 6 | 5, 6 | sợ lừa với sợ thuế",
        ("network",): "mạng chậm | không có wifi | song kem",
        ("need",): "chưa cần | thấy chưa cần",
        NOTHING: "không sợ thuế | không thiếu tiền | khó là sao",
        NO_SUCH_NUMBER: "9",
    },
    "K02": {
        ("training",): "dạy tận nơi | có người chỉ cho | muốn có người chỉ cho | cần tập huấn",
        ("bank",): "làm mã QR | mã quét tiền | mo tai khoan",
        ("domain", "tax_invoice"): "khai thuế và làm web | 5 7",
        ("none",): "chưa cần | không cần gì | chưa cần gì đâu | thôi khỏi",
        NOTHING: "không cần tập huấn | tập huấn ở đâu | mã qr là gì",
    },
    "K03": {
        "yes": "có | có chứ | sẵn sàng | co a | 1",
        "maybe": "để xem đã | còn phân vân | tùy giá | chưa biết | tính sau",
        "no": "không | ko | không bỏ tiền | khong dau | chẳng bỏ đồng nào",
        NOTHING: "bao nhiêu tiền | có được hỗ trợ không | có con nhỏ bận lắm | nó là cái gì",
    },
    "K04": {
        "done": "làm rồi | rồi | xong rồi | roi a | cán bộ làm cho rồi | có làm rồi",
        "not_yet": "chưa | chưa làm | chua | chưa thấy bao giờ | tôi chưa làm",
        "unknown": "không nhớ | quên rồi | ko nhớ | không biết",
        NOTHING: "rdx là gì | làm ở đâu | sắp làm rồi | có phải làm không",
    },
    "K05": {
        5: "5 | 5 sao | năm | 5 điểm | số 5 | five | 5/5 | 5 sao nhé",
        4: "4 | bốn sao | mức 4 | 4 ạ",
        3: "3 thôi | ba",
        NO_SUCH_NUMBER: "6 | 10 | 0 | 9 điểm",
        TOO_MANY: "4 hoặc 5",
        NOTHING: "chương trình hay | chưa dùng sao biết | được | để nghĩ đã",
    },
}


HELD_OUT: dict[str, dict[Meaning, str]] = {
    "CONSENT": {
        between("yes_contact", "yes_only"): "vâng tôi đồng ý | ok đồng ý",
        "no": "thôi tôi không đồng ý | bác ko đồng ý cho lưu",
        "yes_only": "lưu thì được nhưng đừng gọi điện",
        NOTHING: "các cháu lưu mấy năm | có lộ số không đấy",
    },
    "P09": {
        "w1": "mỗi tôi thôi | bác bán một mình",
        "w2_3": "hai ông bà già | có 3 người cả thảy | 2 chị em",
        "w4_9": "tất cả 6 người | 5 đứa",
        NOTHING: "không có người làm | thuê người ở đâu",
    },
    "P10": {
        "le_1b": "chưa được 1 tỷ đâu | vài trăm triệu thôi cháu",
        NOTHING: "thu không đủ chi | gần 3 tỷ | 60 tỷ đâu ra",
    },
    "P11": {
        "yes": "bác có lâu rồi | có giấy đăng ký rồi | dạ có rồi ạ",
        "no": "bác chưa có giấy | chưa em | chưa làm em ạ | chưa đăng kí",
        "applying": "đang xin em ạ | hồ sơ nộp rồi",
        NOTHING: "bán ở chợ có phải làm không | giấy mất rồi làm lại ở đâu",
    },
    "P13": {
        ("none",): "chưa dùng cái nào | nhà bác không dùng gì cả",
        ("tendoo",): "tendoo của viettel | viettel",
        NOTHING: "misa thì không dùng | sapo có tốt không | bỏ sapo rồi",
    },
    "CN01": {
        0: "không dùng máy gì đâu | chẳng có máy móc gì | tôi chỉ có điện thoại cục gạch",
        2: "ngày nào tôi cũng dùng điện thoại bán hàng",
        3: "có máy tính với máy in | nhà có máy tính bảng",
        4: "có cả máy quét | máy tính tiền đủ bộ",
        NOTHING: "chưa có tiền mua máy tính | không biết dùng máy tính | máy tính hỏng rồi | laptop con tôi mang đi học",
    },
    "CN02": {
        0: "bán thì nhớ thôi chứ không ghi | chả ghi gì | không ghi gì hết",
        1: "ghi vào quyển sổ | viết ra vở | sổ sách viết tay | có ghi sổ",
        2: "ghi chú trên điện thoại | ghi excel",
        4: "đơn nào cũng bấm phần mềm | quét mã hết",
        NOTHING: "phần mềm đắt lắm | không biết ghi thế nào | chưa bấm máy bao giờ | phần mềm hỏng rồi | máy không bấm được hết",
    },
    "CN04": {
        0: "không ai chuyển khoản cả | tiền mặt hết | chẳng khách nào quét",
        1: "may ra được 1 khách | 2 người",
        2: "tầm 3 khách | 3 trong 10 khách | ba khách thôi ạ",
        3: "khoảng 6 | nửa số khách | 5 người em",
        4: "gần như cả | 8 9 khách | 9 khách chuyển khoản | 10 khách",
        NOTHING: "khách ít lắm | khách trẻ mới quét | quét mã ra tiền giả không",
    },
    "CN05": {
        0: "khách cho xem màn hình | nhìn điện thoại khách",
        2: "mở app ngân hàng ra xem | vào ngân hàng kiểm tra từng lần",
        3: "loa nó báo | nghe loa báo",
        NOTHING: "hỏng loa rồi | không kiểm tra | loa không kêu",
    },
    "CN06": {
        1: "tk của con trai | nhờ tài khoản con",
        4: "đứng tên hộ kinh doanh",
        NOTHING: "không có thẻ | chưa mở tài khoản hộ kinh doanh | BIDV | tài khoản riêng thì chưa",
    },
    "CN07": {
        0: "chả biết là cái gì | không biết",
        1: "chưa đăng ký đâu | nghe nói rồi mà chưa làm",
        3: "ai cần thì xuất",
        NOTHING: "hóa đơn giấy thì có | không xuất được | xuất hóa đơn thế nào | chưa xuất ngay từng đơn",
    },
    "CN08": {
        1: "tôi mang giấy lên thuế | ra xã nhờ họ làm",
        2: "con gái làm cho | nhờ kế toán | có đứa cháu làm giúp",
        3: "tôi tự làm trên etax | tự khai",
        NOTHING: "làm sao mà tự khai được | không nhờ con | chưa dùng etax bao giờ",
    },
    "CN09": {
        0: "không bán mạng | hết bán trên mạng rồi | bán tại chợ thôi chứ không online | em không bán qua mạng ạ",
        1: "khách nhắn zalo đặt hàng | mấy người quen đặt qua zalo",
        2: "thỉnh thoảng mới đăng bài",
        3: "đăng bài hằng ngày | ngày nào cũng live | có gian hàng trên shopee",
        NOTHING: "không có facebook | đăng bài bị khóa rồi | chẳng mấy khi đăng đều | shopee thu phí cao lắm",
    },
    "CN12": {
        0: "không thấy đâu | làm gì có trên mạng | tìm chẳng ra",
        1: "có trang facebook | có mỗi zalo",
        2: "trên google map có",
        3: "có website rồi",
        NOTHING: "chưa làm web | web thì không có | google không thấy | muốn làm website",
    },
    "CN13": {
        0: "chưa nghe AI bao giờ",
        1: "nghe rồi chưa dùng",
        3: "thi thoảng dùng",
        NOTHING: "AI giúp gì được | chưa thử | không thỉnh thoảng",
    },
    "NL02": {
        0: "chỉ biết nghe gọi | bác chỉ nghe gọi thôi",
        1: "gọi zalo xem youtube | nhắn tin zalo được",
        2: "tự chuyển tiền được | biết chuyển khoản rồi",
        4: "dạy người khác được",
        NOTHING: "chuyển khoản thì không biết | mắt kém lắm | con nó chuyển khoản cho",
    },
    "NL03": {
        0: "chẳng ai dùng được cả",
        2: "mỗi con gái dùng được",
        4: "ai cũng dùng được hết",
        NOTHING: "người làm toàn già | không phải ai cũng dùng được",
    },
    "NL04": {
        0: "chưa bao giờ đi học | không ai chỉ",
        1: "có lớp nhưng chưa đi",
        2: "học một lần | được 1 buổi",
        3: "đi 3 lần rồi",
        NOTHING: "học ở đâu | chưa làm theo được | lớp đông quá",
    },
    "NL05": {
        1: "gọi con trai | nhờ cháu nội",
        3: "gọi tổng đài viettel",
        4: "tự mò",
        NOTHING: "có ai đâu mà hỏi | máy có hỏng đâu | không gọi con được",
    },
    "NL06": {
        1: "gọi hỏi con",
        2: "tắt máy | cúp máy ngay | không nghe máy",
        4: "chặn luôn | gọi báo công an",
        NOTHING: "lừa đảo đấy | có bao giờ đọc mã đâu | đừng làm theo | tôi không tin | nó gọi suốt | làm theo làm gì",
    },
    "DL01": {
        0: "nhớ trong đầu hết",
        1: "dán giá lên hàng",
        3: "gần đủ trên máy",
        NOTHING: "không có danh sách | chưa đủ | nhớ sao hết",
    },
    "DL02": {
        1: "nhớ mặt khách thôi",
        2: "lưu zalo | lưu số",
        NOTHING: "khách quen nhiều | phần mềm có lưu đâu | không nhớ mặt",
    },
    "DL03": {
        0: "chẳng theo dõi gì",
        1: "ghi sổ nợ thôi em",
        NOTHING: "nợ khó đòi | không ghi nợ | phần mềm thì không có",
    },
    "DL05": {
        0: "mất hết luôn | mất là hết",
        2: "có khóa vân tay",
        3: "lưu trên google rồi",
        NOTHING: "có mất đâu | chưa mất bao giờ | không sợ mất",
    },
    "K03": {
        "yes": "có sẵn sàng",
        "maybe": "để tính đã",
        "no": "không có tiền đâu",
        NOTHING: "tùy xem máy gì | sẵn sàng làm gì",
    },
    "K04": {
        "done": "làm rồi em ạ | tôi làm rồi",
        "not_yet": "chưa em ạ | chưa làm đâu",
        NOTHING: "làm rồi thì được gì | tưởng cái này là rdx",
    },
    "K05": {5: "chấm 5 | cho 5 sao", 4: "4 sao | bốn", NOTHING: "hài lòng | cũng tạm | 4 năm rồi | bán 5 năm rồi"},
}
